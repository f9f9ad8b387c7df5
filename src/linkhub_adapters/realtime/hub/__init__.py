"""The hub: gives each announcement to the subscribers of its shop, and catches up those that return. No sockets."""

from linkhub_adapters.realtime.hub.hub import Hub

__all__ = ["Hub"]
