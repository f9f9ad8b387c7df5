"""The hub: each subscriber gets each announcement of its shops once."""

from __future__ import annotations

import orjson
import pytest
from attrs import evolve

from linkhub_adapters.realtime.hub import Hub
from linkhub_adapters.realtime.hub.wire_format import (
    EVENT_STREAM,
    PLAIN_WEBSOCKET,
    SOCKETIO_POLLING,
    SOCKETIO_WEBSOCKET,
)
from linkhub_core.application.subscriber_session import GET_STATUS, UNSUBSCRIBE
from linkhub_core.testing.builders import a_key, a_record
from tests.adapters.realtime.fake_subscribers import Watcher
from tests.adapters.realtime.realtime_fixture import SELLER, SETTINGS, an_announcement, make_realtime


@pytest.fixture
async def hub() -> Hub:
    """A hub over an empty store."""
    return make_realtime().hub


async def test_a_subscriber_gets_an_event_and_others_do_not(hub: Hub) -> None:
    """The event of a shop goes to those who watch it, byte for byte as it was announced."""
    watcher, other, unsubscribed = Watcher(hub), Watcher(hub), Watcher(hub)
    watcher.subscribe()
    other.subscribe("another-shop")
    (answer,) = watcher.take()
    assert answer[0] == "subscribed"
    assert answer[1]["recovered"] is True
    other.take()
    announcement = an_announcement()
    hub.broadcast(announcement)
    assert watcher.written[0].endswith(b'{"event":"new_product","data":%b}' % announcement.event_json)
    assert other.take() == unsubscribed.take() == []


async def test_a_broadcast_hands_all_viewers_of_a_dialect_the_same_bytes(hub: Hub) -> None:
    """It is encoded once: the frame of one is the very object of the other."""
    watchers = [Watcher(hub), Watcher(hub)]
    for watcher in watchers:
        watcher.subscribe()
        watcher.take()
    hub.broadcast(an_announcement())
    assert watchers[0].written[0] is watchers[1].written[0]
    assert hub.counters.deliveries == 2


async def test_written_announcements_are_reported_for_measuring() -> None:
    """Once each, after they were written; those of shops without subscribers are on no screen."""
    measured: list[str] = []
    hub = make_realtime().hub
    hub.written = lambda announcements: measured.extend(one.key.video_id for one in announcements)
    watcher = Watcher(hub)
    watcher.subscribe()
    shown = [an_announcement(key=a_key(number)) for number in (1, 2)]
    hub.broadcast_all([*shown, an_announcement(key=a_key(3, "another-shop"))])
    assert measured == [one.key.video_id for one in shown]


async def test_each_dialect_gets_its_own_form(hub: Hub) -> None:
    """Plain frames, Socket.IO frames, packets for polling, and records of an event stream."""
    written: dict[str, list[object]] = {}
    for dialect in (PLAIN_WEBSOCKET, SOCKETIO_WEBSOCKET, SOCKETIO_POLLING, EVENT_STREAM):
        into = written[dialect.name] = []
        viewer = hub.connect(dialect, into.append, lambda: 0)
        hub.receive(viewer, "subscribe_to_seller", {"seller_handle": SELLER})
        into.clear()
    announcement = an_announcement(cursor="abc")
    hub.broadcast(announcement)
    event = announcement.event_json
    ((plain,), (framed,), (packet,), (record,)) = written.values()
    assert isinstance(plain, bytes)
    assert isinstance(framed, bytes)
    assert plain[:2] == framed[:2] == b"\x81\x7e"
    assert framed[4:] == b'42/products,["new_product",%b]' % event
    assert getattr(packet, "record", None) == framed[4:]
    assert record == b"id: abc\nevent: new_product\ndata: %b\n\n" % event
    assert hub.stats()["clientsPerTransport"] == {
        "websocket": 1,
        "socket.io websocket": 1,
        "socket.io polling": 1,
        "sse": 1,
    }


async def test_a_copy_and_an_older_revision_are_dropped(hub: Hub) -> None:
    """Revisions of a product only grow on a connection."""
    watcher = Watcher(hub)
    watcher.subscribe()
    for revision in (2, 2, 1, 3, 2):
        hub.broadcast(an_announcement(a_record(revision=revision)))
    assert [revision for _, revision in watcher.take_revisions()] == [2, 3]
    assert hub.counters.repeats_dropped == 3
    assert hub.counters.broadcasts == 2


async def test_products_are_remembered_up_to_a_bound_the_quietest_goes_first() -> None:
    """The memory of what was broadcast does not grow without end."""
    hub = make_realtime(evolve(SETTINGS, max_remembered_products=2)).hub
    watcher = Watcher(hub)
    watcher.subscribe()
    for number in (1, 2, 3):
        hub.broadcast(an_announcement(a_record(a_key(number))))
    hub.broadcast(an_announcement(a_record(a_key(3))))
    hub.broadcast(an_announcement(a_record(a_key(1))))
    assert [video for video, _ in watcher.take_revisions()] == [a_key(number).video_id for number in (1, 2, 3, 1)]


async def test_revisions_of_shops_without_viewers_are_remembered(hub: Hub) -> None:
    """A client that loads the page in between is not shown an older revision that arrives late."""
    hub.broadcast(an_announcement(a_record(revision=2)))
    assert (hub.counters.broadcasts, hub.counters.deliveries) == (0, 0)
    watcher = Watcher(hub)
    watcher.subscribe()
    for revision in (1, 2, 3):
        hub.broadcast(an_announcement(a_record(revision=revision)))
    assert [revision for _, revision in watcher.take_revisions()] == [3]


async def test_subscribing_twice_shows_everything_once(hub: Hub) -> None:
    """It is answered twice, and one subscription."""
    watcher = Watcher(hub)
    watcher.subscribe()
    watcher.subscribe()
    assert [event for event, _ in watcher.take()] == ["subscribed", "subscribed"]
    assert len(watcher.acknowledged) == 2
    hub.broadcast(an_announcement())
    assert len(watcher.take()) == 1
    assert hub.subscription_count == 1


async def test_an_acknowledgement_carries_what_the_answer_does(hub: Hub) -> None:
    """Of a subscription, and of an error."""
    watcher = Watcher(hub)
    watcher.subscribe()
    watcher.subscribe("not a handle")
    assert [data for _, data in watcher.take()] == watcher.acknowledged
    assert watcher.acknowledged[1]["code"] == "invalid_seller_handle"


async def test_who_unsubscribes_sees_no_more(hub: Hub) -> None:
    """Of that shop; the others go on."""
    watcher = Watcher(hub)
    watcher.subscribe()
    watcher.subscribe("other")
    watcher.say(UNSUBSCRIBE, {"seller_handle": SELLER})
    watcher.take()
    hub.broadcast(an_announcement())
    assert watcher.take() == []
    watcher.say(GET_STATUS)
    assert watcher.take()[0][1]["subscriptions"] == ["other"]
    assert hub.stats()["clientsPerSeller"] == {"other": 1}


async def test_who_is_gone_is_forgotten_once(hub: Hub) -> None:
    """Nothing is left of a connection: no shop, no count; telling it again changes nothing."""
    watcher = Watcher(hub)
    watcher.subscribe()
    hub.disconnect(watcher.subscriber)
    hub.disconnect(watcher.subscriber)
    assert hub.stats() == {
        "totalConnections": 0,
        "totalSubscriptions": 0,
        "sellerHandles": [],
        "clientsPerSeller": {},
        "clientsPerTransport": {},
    }
    assert (hub.counters.connections_opened, hub.counters.connections_closed) == (1, 1)


async def test_a_reader_that_leaves_during_a_broadcast_does_not_disturb_it(hub: Hub) -> None:
    """A write that finds its reader too slow forgets it on the spot; all others are written to."""
    first, slow, last = Watcher(hub), Watcher(hub), Watcher(hub)
    for watcher in (first, slow, last):
        watcher.subscribe()
        watcher.take()
    slow.subscriber.write = lambda _: hub.disconnect(slow.subscriber)
    hub.broadcast(an_announcement(a_record(a_key(1))))
    hub.broadcast(an_announcement(a_record(a_key(2))))
    assert len(first.take()) == len(last.take()) == 2
    assert hub.stats()["totalSubscriptions"] == 2


async def test_a_viewer_that_moves_sees_what_follows_in_the_other_form(hub: Hub) -> None:
    """Nothing is lost or doubled between the two."""
    before: list[object] = []
    after: list[bytes] = []
    viewer = hub.connect(SOCKETIO_POLLING, before.append, lambda: 0)
    hub.receive(viewer, "subscribe_to_seller", {"seller_handle": SELLER})
    hub.broadcast(an_announcement(a_record(a_key(1))))
    seen = len(before)
    hub.switch_transport(viewer, SOCKETIO_WEBSOCKET, after.append)
    hub.broadcast(an_announcement(a_record(a_key(2))))
    assert len(before) == seen
    assert a_key(2).video_id.encode() in after[0]
    assert len(after) == 1


async def test_stats_count_connections_and_subscriptions(hub: Hub) -> None:
    """A connection without a subscription is one, and a shop is listed while somebody watches it."""
    watchers = [Watcher(hub), Watcher(hub), Watcher(hub)]
    watchers[0].subscribe("b")
    watchers[0].subscribe("a")
    watchers[1].subscribe("b")
    assert hub.stats() == {
        "totalConnections": 3,
        "totalSubscriptions": 3,
        "sellerHandles": ["a", "b"],
        "clientsPerSeller": {"a": 1, "b": 2},
        "clientsPerTransport": {"websocket": 3},
    }
    orjson.dumps(hub.stats())


async def test_errors_and_messages_are_counted(hub: Hub) -> None:
    """For the metrics."""
    watcher = Watcher(hub)
    watcher.say("?")
    hub.receive_malformed(watcher.subscriber, "?")
    watcher.subscribe()
    assert (hub.counters.messages_in, hub.counters.errors) == (3, 2)
