"""The body of an answer in every content encoding: each is made once, when it is first asked for, for all requests.

Pages of products, HTML pages and static files share it. Its ``etag`` names the content; each encoding has a tag of its
own (``"1f3a-gzip"``), because a strong tag names bytes (RFC 9110, section 8.8.3).

A body of more than 64 KiB is compressed by a thread: the event loop is free, and requests for the same encoding wait
for the same thread.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from typing import Final

from attrs import define, field
from starlette.requests import Request

from linkhub_core.wire.content_encoding import COMPRESSIONS, CompressedBody, ContentEncoding, choose_encoding

MAX_INLINE_BYTES: Final = 65_536
_COMPRESSED_ALREADY: Final = ("application/octet-stream", "font/", "image/")
_SUFFIXES: Final = tuple(f'-{encoding}"' for encoding in COMPRESSIONS)


def strong_etag(content: bytes) -> str:
    """The entity tag of ``content``: equal bytes, equal tags."""
    return f'"{hashlib.blake2b(content, digest_size=12).hexdigest()}"'


def without_encoding(etag: str) -> str:
    """The entity tag of the content, from that of one of its encodings."""
    return next((f'{etag[: -len(suffix)]}"' for suffix in _SUFFIXES if etag.endswith(suffix)), etag)


def is_compressible(media_type: str) -> bool:
    """Whether bodies of this type become smaller; most images and fonts are compressed already."""
    return media_type.startswith("image/svg") or not media_type.startswith(_COMPRESSED_ALREADY)


@define(eq=False, kw_only=True)
class EncodedBody:
    """``parts``, joined, are the body; ``etag`` names its content.

    Attributes:
        grown: called with the bytes of each encoding that is made and kept.
    """

    parts: tuple[bytes, ...] = field(repr=False)
    etag: str
    media_type: str = "application/json"
    grown: Callable[[int], None] | None = field(default=None, init=False, repr=False)
    _made: dict[ContentEncoding, CompressedBody] = field(factory=dict, init=False, repr=False)
    _in_work: dict[ContentEncoding, asyncio.Task[CompressedBody]] = field(factory=dict, init=False, repr=False)

    @classmethod
    def of(cls, content: bytes, media_type: str) -> EncodedBody:
        """A body whose tag is that of its bytes."""
        return EncodedBody(parts=(content,), etag=strong_etag(content), media_type=media_type)

    @property
    def content(self) -> bytes:
        """All parts in one."""
        return self.parts[0] if len(self.parts) == 1 else b"".join(self.parts)

    @property
    def size_bytes(self) -> int:
        """The bytes of all parts."""
        return sum(map(len, self.parts))

    @property
    def kept_bytes(self) -> int:
        """The bytes of all its encodings."""
        return self.size_bytes + sum(map(len, self._made.values()))

    def encoding_for(self, request: Request) -> ContentEncoding:
        """The encoding that this request gets."""
        accepted = ", ".join(request.headers.getlist("accept-encoding"))
        if not accepted or not is_compressible(self.media_type):
            return ContentEncoding.IDENTITY
        return choose_encoding(accepted, self.size_bytes)

    def etag_in(self, encoding: ContentEncoding) -> str:
        """The entity tag of one of its encodings."""
        return self.etag if encoding is ContentEncoding.IDENTITY else f'{self.etag[:-1]}-{encoding}"'

    async def compressed(self, encoding: ContentEncoding) -> CompressedBody:
        """The body in one of the :data:`COMPRESSIONS`."""
        if encoding in self._made:
            return self._made[encoding]
        if self.size_bytes <= MAX_INLINE_BYTES:
            return self._keep(CompressedBody.of(self.parts, encoding))
        if encoding not in self._in_work:
            self._in_work[encoding] = asyncio.create_task(self._compress_in_thread(encoding))
        # A request that is cancelled does not cancel the work for the others.
        return await asyncio.shield(self._in_work[encoding])

    async def _compress_in_thread(self, encoding: ContentEncoding) -> CompressedBody:
        try:
            return self._keep(await asyncio.to_thread(CompressedBody.of, self.parts, encoding))
        finally:
            del self._in_work[encoding]

    def _keep(self, made: CompressedBody) -> CompressedBody:
        self._made[made.encoding] = made
        if self.grown is not None:
            self.grown(len(made))
        return made
