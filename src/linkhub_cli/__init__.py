"""The command line: settings, backends, the composition root, and one file for each command.

Only ``settings`` reads the environment. Only ``backends`` imports the rooms ``memory``, ``sqlite`` and ``aws``;
``wiring`` connects all parts. ``commands`` parse arguments, ``processes`` run ``serve`` and ``consume``, ``views``
print. Rules about events and products belong to :mod:`linkhub_core`.
"""
