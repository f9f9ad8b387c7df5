"""Imports without the integrations that a library looks for and linkhub does not use.

dependency-injector imports Flask's and FastAPI's packages where they are installed, structlog imports rich: together a
tenth of the time until a server answers.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["without"]


@contextmanager
def without(*packages: str) -> Iterator[None]:
    """Within the block, importing one of these raises ``ImportError``, unless it is imported already."""
    hidden = [package for package in packages if package not in sys.modules]
    for package in hidden:
        sys.modules[package] = None  # type: ignore[assignment]  # as the documentation of sys.modules has it
    try:
        yield
    finally:
        for package in hidden:
            del sys.modules[package]
