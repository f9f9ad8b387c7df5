"""The transports: plain WebSocket, Socket.IO over WebSocket and polling, and Server-Sent Events.

Each endpoint admits clients (:mod:`~.admission`), connects them to the hub as subscribers, and passes messages on. The
bytes of a protocol without a transport belong to ``engineio`` and ``socketio``, the subscriptions to ``hub``.
"""
