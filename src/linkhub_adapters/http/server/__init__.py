"""The HTTP application: routes, middleware, health, and the services that the routes call.

``create_app`` and ``create_health_app`` are its entrances. The answers of REST belong to ``api``, files to ``pages``.
"""
