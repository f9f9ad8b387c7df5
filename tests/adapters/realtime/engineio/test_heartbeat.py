"""The heartbeat's two waits."""

from linkhub_adapters.realtime.engineio.heartbeat import Beat, Heartbeat


def started() -> Heartbeat:
    heartbeat = Heartbeat(25.0, 20.0)
    heartbeat.start(100.0)
    return heartbeat


def test_a_ping_is_due_after_the_interval() -> None:
    """Not before, and once."""
    heartbeat = started()
    assert heartbeat.deadline == 125.0
    assert [heartbeat.check(now) for now in (124.9, 125.0, 125.1)] == [Beat.NOTHING, Beat.PING, Beat.NOTHING]


def test_without_a_pong_the_client_is_gone() -> None:
    """The time-out counts from the ping."""
    heartbeat = started()
    heartbeat.check(126.0)
    assert heartbeat.deadline == 146.0
    assert [heartbeat.check(now) for now in (145.9, 146.0)] == [Beat.NOTHING, Beat.GONE]


def test_a_pong_starts_the_interval() -> None:
    """The next ping counts from the pong."""
    heartbeat = started()
    heartbeat.check(125.0)
    heartbeat.pong(130.0)
    assert heartbeat.deadline == 155.0


def test_an_unasked_pong_changes_nothing() -> None:
    """A client cannot put off the ping."""
    heartbeat = started()
    heartbeat.pong(124.0)
    assert heartbeat.deadline == 125.0
