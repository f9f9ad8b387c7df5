"""The outbox: order, its bound, and payloads that are packed."""

from hypothesis import given
from hypothesis import strategies as st

from linkhub_adapters.realtime.engineio.outbox import Outbox
from linkhub_adapters.realtime.engineio.packet import encode_text_message


def test_the_bound_is_exact() -> None:
    """What fits exactly is kept; what does not is not, and nothing else is lost."""
    outbox = Outbox(10)
    assert [outbox.put(encode_text_message(b"abc")) for _ in range(3)] == [True, True, False]
    assert outbox.size_bytes == 10
    assert outbox.take_payload(100) == b"4abc\x1e4abc"
    assert (outbox.size_bytes, len(outbox)) == (0, 0)


def test_a_payload_is_packed_to_its_bound() -> None:
    """As many as fit, separators counted, and the rest waits."""
    outbox = Outbox(100)
    for _ in range(3):
        outbox.put(encode_text_message(b"abc"))
    assert outbox.take_payload(9) == b"4abc\x1e4abc"
    assert outbox.take_payload(9) == b"4abc"


def test_a_packet_longer_than_a_payload_goes_alone() -> None:
    """Or it would wait for ever."""
    outbox = Outbox(100)
    outbox.put(encode_text_message(b"abcdef"))
    assert outbox.take_payload(3) == b"4abcdef"


def test_the_last_packet_is_kept_whatever_the_bound() -> None:
    """A session's end always goes out, unless it is forgotten with the rest."""
    outbox = Outbox(1)
    outbox.put_last(encode_text_message(b"bye"))
    assert len(outbox) == 1
    outbox.take_all()
    assert (outbox.take_all(), outbox.size_bytes) == ([], 0)


@given(st.lists(st.binary(max_size=9).map(bytes.hex), max_size=30), st.integers(1, 40))
def test_nothing_is_lost_or_reordered(texts: list[str], max_bytes: int) -> None:
    """Whatever the bound of a payload, all packets come out once, in order, in payloads that keep it."""
    outbox = Outbox(10_000)
    for text in texts:
        assert outbox.put(encode_text_message(text.encode()))
    taken: list[bytes] = []
    while outbox:
        payload = outbox.take_payload(max_bytes)
        assert len(payload) <= max_bytes or b"\x1e" not in payload
        taken += payload.split(b"\x1e")
    assert taken == [b"4" + text.encode() for text in texts]
    assert outbox.size_bytes == 0
