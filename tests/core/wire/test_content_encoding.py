"""Which encoding a client gets, and that compressed bodies and streams can be read by others."""

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkhub_core.wire.content_encoding import (
    COMPRESSIONS,
    CompressedBody,
    ContentEncoding,
    GzipStream,
    choose_encoding,
)

IDENTITY, GZIP, ZSTD = ContentEncoding.IDENTITY, ContentEncoding.GZIP, ContentEncoding.ZSTD
TEXT = b'{"title":"Nambula dress","price":85000}' * 40


def decompress(body: bytes, encoding: ContentEncoding) -> bytes:
    if encoding is GZIP:
        return gzip.decompress(body)
    zstd = pytest.importorskip("backports.zstd")
    return bytes(zstd.decompress(body))


@pytest.mark.parametrize(
    ("accepted", "large", "small"),
    [
        ("", IDENTITY, IDENTITY),
        ("gzip", GZIP, IDENTITY),
        ("x-gzip", GZIP, IDENTITY),
        ("GZip ; Q=1.000", GZIP, IDENTITY),
        ("gzip, deflate, br, zstd", ZSTD, IDENTITY),
        ("zstd;q=0.5, gzip", GZIP, IDENTITY),
        ("zstd;q=0, gzip;q=0.001", GZIP, IDENTITY),
        ("*", GZIP, IDENTITY),
        ("gzip;q=0, *", IDENTITY, IDENTITY),
        ("br, deflate", IDENTITY, IDENTITY),
        ("identity, gzip;q=0.5", IDENTITY, IDENTITY),
        ("identity;q=0.5, gzip;q=0.5", GZIP, IDENTITY),
        ("identity;q=0, gzip", GZIP, GZIP),
        ("*;q=0, gzip", GZIP, GZIP),
        ("*;q=0", IDENTITY, IDENTITY),
        ("identity;q=0", IDENTITY, IDENTITY),
        ("gzip;q=2, ;;, gzip;q=, é", IDENTITY, IDENTITY),
        ("gzip;q=high,gzip", GZIP, IDENTITY),
        ("zstd" + "," * 995 + "gzip;q=0", ZSTD, IDENTITY),
        ("," * 995 + "gzip;q=0", IDENTITY, IDENTITY),
        ("," * 60_000 + "gzip", IDENTITY, IDENTITY),
    ],
)
def test_the_greatest_weight_decides(accepted: str, large: ContentEncoding, small: ContentEncoding) -> None:
    """Weights, the star and refusals; a small body is compressed only for a client that refuses it as it is.

    What is past the first thousand characters does not count, nor does a member that is cut there."""
    offered = (ZSTD, GZIP)
    assert choose_encoding(accepted, 10_000, offered) is large
    assert choose_encoding(accepted, 100, offered) is small
    assert choose_encoding(accepted, None, offered) is large


@given(st.text())
def test_any_header_gets_an_answer(accepted: str) -> None:
    """Garbage is no reason to fail."""
    assert choose_encoding(accepted, 10_000) in ContentEncoding


@pytest.mark.parametrize("encoding", COMPRESSIONS)
@pytest.mark.parametrize("parts", [(b"",), (TEXT,), (TEXT[:5], b"", TEXT[5:]), (TEXT * 200,)])
@pytest.mark.parametrize("ending", [b"", b"}", b"x" * 65_535])
def test_a_body_ends_differently_each_time(encoding: ContentEncoding, parts: tuple[bytes, ...], ending: bytes) -> None:
    """It is compressed once; every ending gives a whole body."""
    body = CompressedBody.of(parts, encoding)
    for end in (ending, b"other"):
        assert decompress(body.end(end), encoding) == b"".join(parts) + end
    if len(parts[0]) > 1_000:
        assert len(body) < len(TEXT)


@given(st.lists(st.binary(max_size=2_000)))
def test_each_piece_of_a_stream_can_be_read_at_once(pieces: list[bytes]) -> None:
    """And all together are one gzip member with a right checksum."""
    stream, reader = GzipStream(), zlib.decompressobj(wbits=31)
    assert reader.decompress(stream.open()) == b""
    for piece in pieces:
        assert reader.decompress(stream.write(piece)) == piece
    assert reader.decompress(stream.end()) == b""
    assert reader.eof


def test_streams_share_a_compressed_piece() -> None:
    """Streams that began earlier or later write the same bytes."""
    early, late = GzipStream(), GzipStream()
    early.write(b"something before")
    assert early.write(TEXT) is late.write(TEXT)


def test_a_body_has_no_long_ending() -> None:
    """An ending is one uncompressed block."""
    with pytest.raises(ValueError, match="65535"):
        CompressedBody.of((TEXT,), GZIP).end(b"x" * 65_536)
