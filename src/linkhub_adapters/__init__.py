"""The adapters of linkhub, one room for each technology. A room implements ports of :mod:`linkhub_core`.

A room imports the core and its own driver, never another room. :mod:`linkhub_cli` connects the rooms.
"""
