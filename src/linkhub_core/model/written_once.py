"""A value whose JSON is written once, although a store, the bus and readers need it."""

from __future__ import annotations


class WrittenOnce:
    """The base of a content: the place where the codec keeps the JSON of its fields, written once for all uses.

    The place is no field: equality, ``repr`` and ``evolve`` ignore it, so it cannot hold the JSON of another content.
    """

    __slots__ = ("_json_fields",)

    @property
    def json_fields(self) -> bytes | None:
        """The fields as JSON without the braces; None until they are written."""
        return getattr(self, "_json_fields", None)

    def keep_json_fields(self, written: bytes) -> None:
        """Keep the JSON of the fields."""
        object.__setattr__(self, "_json_fields", written)
