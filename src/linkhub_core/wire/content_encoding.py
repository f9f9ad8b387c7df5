"""Content encodings of HTTP (RFC 9110, section 8.4): which one a client gets, and how a body is compressed.

Rule 1. A compressed body can be continued: :class:`CompressedBody` takes an ending that is only known for each answer
        (a timestamp), and adds it uncompressed. So a page is compressed once, and its answers differ.
Rule 2. A :class:`GzipStream` is written piece by piece. A piece refers to none before it (no context takeover), so one
        compressed piece serves all streams, and each ends with a flush, so a browser shows it at once.
Rule 3. gzip is always offered, zstd where its library is installed: it takes a third of gzip's CPU, for fewer bytes. A
        stream is always gzip: pieces of zstd and of brotli cannot be put together by copying bytes.
"""

from __future__ import annotations

import re
import struct
import sys
import zlib
from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import lru_cache
from importlib import import_module
from typing import Any, Final

from attrs import define, field, frozen

try:
    zstd: Any = import_module("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd")
except ImportError:
    zstd = None


class ContentEncoding(StrEnum):
    """The encodings, by their names in headers."""

    IDENTITY = "identity"
    GZIP = "gzip"
    ZSTD = "zstd"


COMPRESSIONS: Final = (ContentEncoding.GZIP,) if zstd is None else (ContentEncoding.ZSTD, ContentEncoding.GZIP)
"""The encodings that this process can make of a whole body, the best first."""

# A smaller body fits into one packet either way.
MIN_COMPRESSED_BYTES: Final = 500

_MEMBER: Final = re.compile(
    r"[ \t]*([-!#$%&'*+.^_`|~0-9A-Za-z]+)[ \t]*(?:;[ \t]*[qQ]=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)[ \t]*)?"
)
_MAX_CHARACTERS: Final = 1_000  # of the header: 64 kB of commas would take 20 ms
_LEVEL: Final = 6
_ZSTD_LEVEL: Final = 3
_GZIP_HEADER: Final = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
_ZSTD_HEADER: Final = b"\x28\xb5\x2f\xfd\x00\x58"  # it is written with the first byte of a body, which may be empty
_MAX_STORED_BYTES: Final = 65_535
# A piece of more bytes is compressed for each stream: it must not stay in memory.
_MAX_SHARED_BYTES: Final = 262_144


def choose_encoding(
    accept_encoding: str, size_bytes: int | None = None, offered: Sequence[ContentEncoding] = COMPRESSIONS
) -> ContentEncoding:
    """The encoding of an answer: the one with the greatest weight, of equal ones the first that is offered.

    Args:
        accept_encoding: the header's value; empty if there is none. A malformed member does not count, nor does one
            past the first 1,000 characters.
        size_bytes: the size of the body; None if it is a stream. A small body is compressed only if the client refuses
            it uncompressed.
        offered: the compressions to choose from. zstd is given only to clients that name it, not for a ``*``.

    Returns:
        ``IDENTITY`` also if the client accepts nothing that there is.
    """
    weights = _weights_in(accept_encoding)
    any_weight = weights.get("*", 0.0)
    best_weight, best = 0.0, ContentEncoding.IDENTITY
    for encoding in offered:
        weight = weights.get(encoding, any_weight if encoding is ContentEncoding.GZIP else 0.0)
        if weight > best_weight:
            best_weight, best = weight, encoding
    identity_weight = weights.get(ContentEncoding.IDENTITY, weights.get("*"))
    if identity_weight == 0:
        return best
    is_small = size_bytes is not None and size_bytes < MIN_COMPRESSED_BYTES
    return ContentEncoding.IDENTITY if is_small or (identity_weight or 0.0) > best_weight else best


def _weights_in(accept_encoding: str) -> Mapping[str, float]:
    if len(accept_encoding) > _MAX_CHARACTERS:
        accept_encoding = accept_encoding[:_MAX_CHARACTERS].rpartition(",")[0]
    return _weights_of(accept_encoding)


@lru_cache(maxsize=256)
def _weights_of(accept_encoding: str) -> Mapping[str, float]:
    members = [found for member in accept_encoding.split(",") if (found := _MEMBER.fullmatch(member))]
    return {found[1].lower().removeprefix("x-"): float(found[2] or 1) for found in members}


@frozen(kw_only=True)
class CompressedBody:
    """A compressed body that has not ended yet."""

    encoding: ContentEncoding
    _opening: bytes = field(repr=False)
    _checksum: int
    _size_bytes: int

    @classmethod
    def of(cls, parts: Sequence[bytes], encoding: ContentEncoding) -> CompressedBody:
        """Compress a body. It takes about 10 us a kB with gzip and 3 with zstd; large parts leave other threads free.

        Args:
            parts: the body, in any number of parts.
            encoding: one of :data:`COMPRESSIONS`.
        """
        if encoding is ContentEncoding.ZSTD:
            compressor = zstd.ZstdCompressor(level=_ZSTD_LEVEL)
            pieces = [compressor.compress(part) for part in parts]
            pieces.append(compressor.flush(compressor.FLUSH_BLOCK))
            return cls(encoding=encoding, opening=b"".join(pieces) or _ZSTD_HEADER, checksum=0, size_bytes=0)
        stream = GzipStream()
        return cls(
            encoding=encoding,
            opening=stream.open() + stream.write_parts(parts),
            checksum=stream.checksum,
            size_bytes=stream.size_bytes,
        )

    def __len__(self) -> int:
        """The bytes that it keeps."""
        return len(self._opening)

    def end(self, ending: bytes = b"") -> bytes:
        """The whole compressed body.

        Args:
            ending: its last bytes, at most 65,535.
        """
        if self.encoding is ContentEncoding.ZSTD:
            return b"%b%b%b" % (self._opening, (len(ending) << 3 | 1).to_bytes(3, "little"), ending)
        return self._opening + GzipStream(self._checksum, self._size_bytes).end(ending)


@define
class GzipStream:
    """One gzip member (RFC 1952) while it is written: browsers ignore a second member.

    Attributes:
        checksum: the CRC-32 of what was written.
        size_bytes: its bytes, uncompressed.
    """

    checksum: int = 0
    size_bytes: int = 0

    @staticmethod
    def open() -> bytes:
        """The bytes before the first piece."""
        return _GZIP_HEADER

    def write(self, piece: bytes) -> bytes:
        """Compress a piece that can be read at once; the compressed bytes are shared by all streams."""
        self._count(piece)
        if len(piece) < MIN_COMPRESSED_BYTES:
            return _stored(piece, is_last=False)
        return _deflate_once(piece) if len(piece) <= _MAX_SHARED_BYTES else _deflate([piece])

    def write_parts(self, parts: Sequence[bytes]) -> bytes:
        """The same for a piece in parts."""
        for part in parts:
            self._count(part)
        return _deflate(parts)

    def end(self, ending: bytes = b"") -> bytes:
        """The last bytes of the stream, with an ending of at most 65,535 bytes."""
        self._count(ending)
        return _stored(ending, is_last=True) + struct.pack("<II", self.checksum, self.size_bytes & 0xFFFF_FFFF)

    def _count(self, written: bytes) -> None:
        self.checksum = zlib.crc32(written, self.checksum)
        self.size_bytes += len(written)


def _stored(data: bytes, *, is_last: bool) -> bytes:
    """An uncompressed block of deflate (RFC 1951, section 3.2.4)."""
    if len(data) > _MAX_STORED_BYTES:
        raise ValueError(f"more than {_MAX_STORED_BYTES} bytes")
    return struct.pack("<BHH", is_last, len(data), len(data) ^ 0xFFFF) + data


def _deflate(parts: Sequence[bytes]) -> bytes:
    """Compressed blocks that end at a byte's border and are not the last ones."""
    compressor = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    return b"".join([*map(compressor.compress, parts), compressor.flush(zlib.Z_SYNC_FLUSH)])


@lru_cache(maxsize=2)
def _deflate_once(piece: bytes) -> bytes:
    # A broadcast writes the same object to all streams, one after the other, and an object keeps its hash.
    return _deflate([piece])
