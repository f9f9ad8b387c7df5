"""The API's documentation for people: one page, made from the OpenAPI document, with nothing from elsewhere."""

from linkhub_adapters.http.pages.api_docs.page import render

__all__ = ["render"]
