"""Answers in JSON, written by the same encoder that writes events: fast, compact, and exact about money."""

from __future__ import annotations

from typing import Any

from starlette.responses import JSONResponse

from linkhub_core.wire import json_text

__all__ = ["JsonResponse"]


class JsonResponse(JSONResponse):
    """A document as ``application/json``; mappings, lists, texts, numbers and ``Decimal``."""

    def render(self, content: Any) -> bytes:
        """Encode the document."""
        return json_text.dump(content)
