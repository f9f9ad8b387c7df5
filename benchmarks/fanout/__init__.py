"""The parts of ``python -m benchmarks fanout`` and ``rejoin``: servers as processes of their own, and their load.

shop_events        the broadcast: the same events for every server
load               the clients: one process with raw sockets, the same for every server
command_pipe       commands a server's process to publish
*_server, floor.c  the servers
contestants        the servers, and how each is started
running            a server and its load as seen from outside: rounds, CPU, memory
"""
