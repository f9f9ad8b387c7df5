"""The rooms of linkhub, one a technology: each a thin shell around one kind of machine, for the ports of the core.

The rooms do not know each other; only ``linkhub_cli.wiring.container`` meets them all.
"""
