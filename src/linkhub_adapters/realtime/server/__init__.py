"""The HTTP server's side: connections, their bounds, and requests in work."""
