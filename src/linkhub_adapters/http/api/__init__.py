"""The REST API: routes, pages of products, problem details, and the OpenAPI document.

Routes read shops through :class:`~linkhub_core.application.BrowseShop` and answer with the stored JSON. ``kept_pages``
keeps the first page of each shop. Middleware and health belong to ``server``, HTML to ``pages``.
"""
