"""The operator acts: dead letters are listed, checked, mended, put back and purged; each change is reported."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

import orjson
import pytest
from httpx2 import AsyncClient

from linkhub_adapters.http import HttpSettings
from linkhub_adapters.memory import MemoryEventQueue
from linkhub_core.access import AccessPolicy, TrustedProxies
from linkhub_core.errors import ServiceUnavailable
from linkhub_core.model import Kind
from linkhub_core.ports import DeadLetter, DeadLetterQuery
from linkhub_core.testing.builders import an_event, an_outgoing
from linkhub_core.testing.fakes import FakeClock
from tests.adapters.http.http_fixture import HttpFixture

DESK = "/api/v1/operator"
LETTERS = f"{DESK}/dead-letters"
TOKEN = {"Authorization": "Bearer t"}
CHANGES = {
    f"{LETTERS}/redrive": {"all": True},
    f"{LETTERS}/purge": {"all": True},
    f"{DESK}/seen": {"at": "2026-01-15T12:00:00Z"},
}


@pytest.fixture
async def fixture() -> HttpFixture:
    """Three rejected captions, the newest with two faults, and one body that is no JSON; a token is set."""
    fixture = HttpFixture(settings=HttpSettings(admin_token="t"))
    for number in (1, 2):
        await fixture.reject(an_outgoing(Kind.CAPTION, video_id=f"{number}", price="45k"))
        fixture.clock.advance(1)
    await fixture.reject(an_outgoing(Kind.THUMBNAIL, body="hello"))
    fixture.clock.advance(1)
    await fixture.reject(an_outgoing(Kind.CAPTION, video_id="3", price="45k", title=None))
    return fixture


@pytest.fixture
async def client(fixture: HttpFixture) -> AsyncIterator[AsyncClient]:
    """The holder of the token."""
    async with fixture.client() as client:
        client.headers.update(TOKEN)
        yield client


async def ids_of(fixture: HttpFixture) -> list[str]:
    """The dead letters that are kept."""
    return [letter.letter_id async for letter in fixture.queue.browse(DeadLetterQuery())]


async def test_the_list_has_pages_and_all_reasons(client: AsyncClient) -> None:
    """Newest first, without bodies; every page counts all groups; the cursor of the last page is null."""
    seen: list[str | None] = []
    after: str | None = ""
    for _ in range(2):
        page = (await client.get(LETTERS, params={"limit": 2, "after": after or ""})).json()
        assert (page["total"], page["is_complete"]) == (4, True)
        assert [group["count"] for group in page["groups"]] == [2, 1, 1]
        seen += [letter["video_id"] for letter in page["letters"]]
        after = page["next"]
    assert seen == ["3", None, "2", "1"]
    assert after is None
    assert "body" not in page["letters"][0]


async def test_the_list_is_narrowed_by_queue_and_reason(client: AsyncClient) -> None:
    """A reason is any text in it; a group is exact: a letter with one more fault is of another."""
    group = (await client.get(LETTERS)).json()["groups"][0]["reason"]
    assert (await client.get(LETTERS, params={"reason": group.upper()})).json()["total"] == 3
    assert (await client.get(LETTERS, params={"group": group})).json()["total"] == 2
    assert len((await client.post(f"{LETTERS}/purge", json={"group": group})).json()["chosen"]) == 2
    assert (await client.get(LETTERS, params={"queue": "thumbnail"})).json()["total"] == 1
    assert (await client.get(LETTERS, params={"queue": "unknown"})).json()["letters"] == []


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=201", "limit=x", "queue=no", "after=x", "after=2026-01-01+1", "limit=1&limit=2"]
)
async def test_a_wrong_query_is_named(client: AsyncClient, query: str) -> None:
    """As every parameter."""
    answer = await client.get(f"{LETTERS}?{query}")
    assert (answer.status_code, answer.json()["parameter"]) == (400, query.partition("=")[0])


async def test_one_in_full(fixture: HttpFixture, client: AsyncClient) -> None:
    """Its faults with their paths, its attributes, its body, and the event to edit."""
    letter_id = (await ids_of(fixture))[0]
    letter = (await client.get(f"{LETTERS}/{letter_id}")).json()
    assert [fault["field"] for fault in letter["faults_now"]] == ["price"]
    assert letter["attributes"]["correlationId"] == letter["correlation_id"]
    assert orjson.loads(letter["event"]) == orjson.loads(letter["body"])
    assert (await client.get(f"{LETTERS}/nothing")).status_code == 404


async def test_a_body_is_judged_as_intake_judges_it(client: AsyncClient) -> None:
    """Its faults, or its notes and the product that it belongs to; without a token, too: nothing is changed."""
    good = an_event(Kind.CAPTION, price="45")
    checked = (
        await client.post(f"{LETTERS}/check", json={"queue": "caption", "body": orjson.dumps(good).decode()})
    ).json()
    assert checked["would_pass"]
    assert checked["notes"] == [{"field": "price", "rule": "number_as_text"}]
    assert (checked["half"], checked["video_id"]) == ("caption", good["video_id"])
    async with HttpFixture().client() as anyone:
        checked = (await anyone.post(f"{LETTERS}/check", json={"queue": "thumbnail", "body": "{}"})).json()
    assert not checked["would_pass"]
    assert {fault["field"] for fault in checked["faults"]} >= {"video_id", "seller_handle"}


async def test_nothing_is_changed_by_a_dry_run(fixture: HttpFixture, client: AsyncClient) -> None:
    """It says what would be, and is the default."""
    kept = await ids_of(fixture)
    purge = (await client.post(f"{LETTERS}/purge", json={"reason": "price"})).json()
    assert (purge["done"], purge["changed"], len(purge["chosen"])) == (False, 0, 3)
    redrive = (await client.post(f"{LETTERS}/redrive", json={"all": True, "dry_run": True})).json()
    assert (redrive["done"], redrive["chosen"], len(redrive["left"])) == (False, [], 4)
    assert await ids_of(fixture) == kept


async def test_letters_are_purged(fixture: HttpFixture, client: AsyncClient) -> None:
    """The named ones; one that is gone already is missing."""
    first, *others = await ids_of(fixture)
    change = {"letter_ids": [first, "gone"], "dry_run": False}
    answer = (await client.post(f"{LETTERS}/purge", json=change)).json()
    assert (answer["done"], answer["changed"], answer["missing"]) == (True, 1, ["gone"])
    assert await ids_of(fixture) == others


async def test_letters_are_put_back_by_force(fixture: HttpFixture, client: AsyncClient) -> None:
    """Those that would be rejected again go only so."""
    first = (await ids_of(fixture))[0]
    choice = {"letter_ids": [first], "dry_run": False}
    assert (await client.post(f"{LETTERS}/redrive", json=choice)).json()["changed"] == 0
    assert (await client.post(f"{LETTERS}/redrive", json=choice | {"force": True})).json()["changed"] == 1
    assert [delivery.body for delivery in await fixture.queue.receive()]


async def test_a_letter_is_mended(fixture: HttpFixture, client: AsyncClient) -> None:
    """A body that would be rejected again changes nothing, and its faults come back; a sound one goes back."""
    first = (await ids_of(fixture))[0]
    bad, good = (orjson.dumps(an_event(Kind.CAPTION, price=price)).decode() for price in ("46k", 46))
    change: dict[str, Any] = {"letter_ids": [first], "body": bad, "dry_run": False}
    answer = (await client.post(f"{LETTERS}/redrive", json=change)).json()
    assert (answer["changed"], answer["left"][0]["faults"][0]["field"]) == (0, "price")
    answer = (await client.post(f"{LETTERS}/redrive", json=change | {"body": good})).json()
    assert (answer["done"], answer["changed"]) == (True, 1)
    assert [delivery.body for delivery in await fixture.queue.receive()] == [good]
    assert first not in await ids_of(fixture)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ([], ""),
        ({}, ""),
        ({"letter_ids": []}, "letter_ids"),
        ({"letter_ids": [1]}, "letter_ids"),
        ({"all": "yes"}, "all"),
        ({"all": True, "dry-run": False}, "dry-run"),
        ({"all": True, "as": "video"}, "as"),
        ({"all": True, "queue": "x"}, "queue"),
        ({"all": True, "body": "{}"}, "body"),
        ({"letter_ids": ["1", "2"], "body": "{}"}, "body"),
    ],
)
async def test_a_wrong_change_is_named(fixture: HttpFixture, client: AsyncClient, change: object, field: str) -> None:
    """A misspelt field, too: a change is not guessed. Nothing is changed, and there is nothing to report."""
    answer = await client.post(f"{LETTERS}/redrive", json=change)
    assert (answer.status_code, answer.json()["type"]) == (422, "/api/docs#invalid-body")
    assert [fault["field"] for fault in answer.json()["faults"]] == [field]
    assert fixture.actions == []


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"null"])
async def test_a_body_that_is_no_object_is_a_422(client: AsyncClient, body: bytes) -> None:
    """On every route that takes one."""
    for method, address in (("PUT", "seen"), ("POST", "dead-letters/check"), ("POST", "dead-letters/purge")):
        assert (await client.request(method, f"{DESK}/{address}", content=body)).status_code == 422


async def test_a_body_that_is_too_large_is_a_413(client: AsyncClient) -> None:
    """The bound is more than the largest body of an event takes as JSON text."""
    answer = await client.post(f"{LETTERS}/check", content=b" " * (2 * 1024 * 1024 + 1))
    assert answer.status_code == 413


@pytest.mark.parametrize("at", [None, 5, "now", "2026-01-15T12:00:00", "2026-01-15"])
async def test_a_moment_needs_its_offset(client: AsyncClient, at: object) -> None:
    """Else it would be another one on another machine."""
    answer = await client.put(f"{DESK}/seen", json={"at": at})
    assert (answer.status_code, answer.json()["faults"][0]["field"]) == (422, "at")


async def test_seen_is_moved_but_not_into_the_future(fixture: HttpFixture, client: AsyncClient) -> None:
    """At most to the present of the server."""
    answer = await client.put(f"{DESK}/seen", json={"at": "2999-01-01T00:00:00Z"})
    assert answer.json() == {"at": "2026-01-15T12:00:03.000Z", "is_shared": False}
    assert fixture.desk.gauges.unseen_letters == 0
    await client.put(f"{DESK}/seen", json={"at": "2026-01-15T12:00:01+00:00"})
    assert fixture.desk.gauges.unseen_letters == 2


async def test_why_needs_a_video(client: AsyncClient) -> None:
    """And finds what is known of it."""
    assert (await client.get(f"{DESK}/why")).json()["parameter"] == "videoId"
    answer = (await client.get(f"{DESK}/why", params={"videoId": "1"})).json()
    (timeline,) = answer["timelines"]
    assert (timeline["state"], answer["all_sellers"]) == ("rejected", True)
    assert [entry["what"] for entry in timeline["timeline"]] == ["received", "rejected"]
    assert (await client.get(f"{DESK}/why", params={"videoId": "/<b>"})).json()["timelines"] == []


async def test_each_change_is_reported_with_its_client(fixture: HttpFixture) -> None:
    """The address is the one that a trusted proxy forwards; dry runs and failures count, too."""
    access = AccessPolicy(trusted_proxies=TrustedProxies.parse(("127.0.0.1",)))
    fixture.settings = HttpSettings(admin_token="t", access=access)
    async with fixture.client() as client:
        client.headers.update(TOKEN | {"X-Forwarded-For": "203.0.113.7"})
        await client.post(f"{LETTERS}/purge", json={"queue": "thumbnail"})
        await client.put(f"{DESK}/seen", json={"at": "2026-01-15T12:00:00Z"})
    purge, seen = fixture.actions
    assert (purge.action, purge.address, purge.facts["dry_run"]) == ("purge", "203.0.113.7", True)
    assert len(purge.facts["chosen"]) == 1
    assert (seen.action, seen.facts["at"]) == ("seen", "2026-01-15T12:00:00.000Z")


class _Failing(MemoryEventQueue):
    """Dead letters that cannot be deleted."""

    async def purge(self, letters: Sequence[DeadLetter]) -> int:
        """Fail."""
        raise ServiceUnavailable("sqs", "time-out")


async def test_a_failed_change_is_reported_with_its_problem() -> None:
    """It is a 503, and the report says what failed."""
    fixture = HttpFixture(settings=HttpSettings(admin_token="t"), queue=_Failing(clock=FakeClock()))
    async with fixture.client() as client:
        answer = await client.post(f"{LETTERS}/purge", json={"all": True, "dry_run": False}, headers=TOKEN)
    assert answer.status_code == 503
    (action,) = fixture.actions
    assert (action.facts["dry_run"], "time-out" in action.facts["problem"]) == (False, True)


@pytest.mark.parametrize("address", CHANGES)
async def test_changes_need_the_token(address: str) -> None:
    """A server without one refuses them with the name of the setting; one with a token wants to see it."""
    method = "PUT" if address.endswith("seen") else "POST"
    settings = HttpSettings(changes_allowed_by="LINKHUB_ADMIN_TOKEN")
    async with HttpFixture(settings=settings).client() as client:
        answer = await client.request(method, address, json=CHANGES[address])
    assert (answer.status_code, "LINKHUB_ADMIN_TOKEN" in answer.json()["detail"]) == (403, True)
    async with HttpFixture(settings=HttpSettings(admin_token="t")).client() as client:
        assert (await client.request(method, address, json=CHANGES[address])).status_code == 401


@pytest.mark.parametrize("address", [f"{DESK}/history", LETTERS, f"{LETTERS}/1", f"{DESK}/why", f"{LETTERS}/check"])
async def test_reading_is_guarded_as_the_figures_are(address: str) -> None:
    """By the token, or by the host of the request."""
    method = "POST" if address.endswith("check") else "GET"
    async with HttpFixture(settings=HttpSettings(admin_token="t")).client() as client:
        assert (await client.request(method, address)).status_code == 401
    async with HttpFixture(settings=HttpSettings(access=AccessPolicy(is_on_loopback=True))).client() as client:
        assert (await client.request(method, address, headers={"Host": "evil.example"})).status_code == 403
