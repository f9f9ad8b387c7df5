"""A cache with a bound in bytes: the least recently used entry goes first."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, Protocol, TypeVar

from attrs import define, field

_BYTES_BESIDE = 500  # of an entry beside its value


class Sized(Protocol):
    """A value that knows about how much memory it takes."""

    @property
    def size_bytes(self) -> int:
        """The bytes."""
        ...


K = TypeVar("K", bound=Hashable)
V = TypeVar("V", bound=Sized)


@define(eq=False)
class BoundedCache(Generic[K, V]):
    """Values by key, of at most ``max_bytes`` together; ``kept_bytes`` are those of now."""

    max_bytes: int
    kept_bytes: int = field(default=0, init=False)
    # In order of the last use.
    _kept: dict[K, V] = field(factory=dict, init=False)

    def get(self, key: K) -> V | None:
        """The value, which was used now; None if it is not kept."""
        value = self._kept.pop(key, None)
        if value is not None:
            self._kept[key] = value
        return value

    def keep(self, key: K, value: V) -> None:
        """Keep the value, in place of an older one, unless it is larger than the cache."""
        self._drop(key)
        if value.size_bytes + _BYTES_BESIDE > self.max_bytes:
            return
        self._kept[key] = value
        self.kept_bytes += value.size_bytes + _BYTES_BESIDE
        while self.kept_bytes > self.max_bytes:
            self._drop(next(iter(self._kept)))

    def _drop(self, key: K) -> None:
        if (value := self._kept.pop(key, None)) is not None:
            self.kept_bytes -= value.size_bytes + _BYTES_BESIDE
