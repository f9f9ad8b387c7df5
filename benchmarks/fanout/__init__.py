"""The parts of ``python -m benchmarks fanout`` and ``rejoin``: servers as processes of their own, and their load.

shop_events        what is broadcast: the same events for every server
load               the clients: one process with raw sockets, the same for every server
command_pipe       how a server's process is told to publish
*_server, floor.c  the servers
contestants        which servers there are, and how each is started
running            a server and its load as seen from outside: rounds, CPU, memory
"""
