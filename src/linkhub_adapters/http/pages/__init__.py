"""The pages for browsers: the shop, the operator's page, and the documentation of the API."""
