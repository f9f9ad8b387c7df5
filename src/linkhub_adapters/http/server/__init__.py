"""The Starlette application: middleware, health, access to the operator's routes, and what it needs from outside."""
