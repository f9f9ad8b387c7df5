"""The REST API: routes, pages of products, problem details, and the OpenAPI document."""
