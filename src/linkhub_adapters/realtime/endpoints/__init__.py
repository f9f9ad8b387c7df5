"""The transports: plain WebSocket, Socket.IO over WebSocket and polling, and Server-Sent Events."""
