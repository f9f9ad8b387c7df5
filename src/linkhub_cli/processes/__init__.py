"""The long-running processes ``serve`` and ``consume``: their duties, the phases of a stop, and the HTTP server.

A duty is a coroutine that runs until it is stopped; a stop ends the phases one after the other, within a deadline. The
parts are made by ``wiring``.
"""
