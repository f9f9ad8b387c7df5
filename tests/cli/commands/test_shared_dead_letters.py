"""``linkhub dead-letters`` where both queues share one dead-letter queue."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from attrs import frozen
from click.testing import Result

from linkhub_core.errors import Fault
from linkhub_core.model import Kind
from linkhub_core.ports import OutgoingMessage, Rejection
from tests.adapters.aws.queue_fixture import QueueFixture
from tests.cli.conftest import CAPTION, THUMBNAILS, Terminal
from tests.support import aws

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

pytestmark = pytest.mark.aws


@frozen
class SharedLetters:
    """A terminal on two queues of a test server that share one dead-letter queue."""

    terminal: Terminal
    fixture: QueueFixture
    leads: dict[str, str]

    def run(self, *arguments: str) -> Result:
        """Run ``linkhub dead-letters``."""
        return self.terminal.run("dead-letters", *arguments, **self.leads)

    def listed(self) -> list[dict[str, Any]]:
        """All letters."""
        return [json.loads(line) for line in self.run("list", "--json").stdout.splitlines()]

    def depths(self) -> tuple[int, ...]:
        """How many messages wait on each queue, captions first."""
        return tuple(self.fixture.depth(self.fixture.queues[kind].url)[0] for kind in Kind)


@pytest.fixture
def shared(terminal: Terminal, sqs_sns_endpoint: str, make_sqs_client: Callable[[], SQSClient]) -> SharedLetters:
    """One letter of each kind, sound by today's rules, and one that another program left there."""
    fixture = QueueFixture.create(make_sqs_client(), shares_dead_letters=True)
    asyncio.run(_reject(fixture))
    fixture.sqs.send_message(QueueUrl=fixture.queues[Kind.CAPTION].dead_letter_url, MessageBody=json.dumps(THUMBNAILS))
    leads = {
        **aws.environment(sqs_sns_endpoint=sqs_sns_endpoint),
        "LINKHUB_BACKEND": "aws",
        "SQS_CAPTION_QUEUE_URL": fixture.queues[Kind.CAPTION].url,
        "SQS_THUMBNAIL_QUEUE_URL": fixture.queues[Kind.THUMBNAIL].url,
    }
    return SharedLetters(terminal, fixture, leads)


async def _reject(fixture: QueueFixture) -> None:
    events = {Kind.CAPTION: CAPTION, Kind.THUMBNAIL: THUMBNAILS}
    await fixture.publisher.publish(
        [OutgoingMessage(kind=kind, body=json.dumps(event)) for kind, event in events.items()]
    )
    queue = fixture.queue(poll_wait_seconds=0)
    rejections = [Rejection(delivery=one, faults=[Fault("", "no")]) for one in await fixture.receive(queue, 2)]
    await queue.reject(rejections)
    await queue.close()


def test_letters_are_listed_once_and_go_back_where_they_came_from(shared: SharedLetters) -> None:
    """A letter of no known queue is named so, and stays until its kind is named."""
    listed = shared.listed()
    assert sorted(str(letter["queue"]) for letter in listed) == ["None", "caption", "thumbnail"]
    assert "unknown" in shared.run("list").stdout
    result = shared.run("redrive", "--all", "--force", "--yes")
    assert (result.exit_code, shared.depths()) == (0, (1, 1))
    assert "put back 2 letters" in result.stdout
    assert "name the kind with --as caption or --as thumbnail:\n  1  unknown" in result.stdout
    named = shared.run("redrive", "--queue", "unknown", "--as", "thumbnail", "--yes")
    assert (named.exit_code, shared.depths(), shared.listed()) == (0, (1, 2), [])


def test_a_letter_is_mended_with_a_body(shared: SharedLetters) -> None:
    """Also one whose kind the operator names; without that it stays, and the exit code is 1."""
    by_kind = {letter["queue"]: letter["letter_id"] for letter in shared.listed()}
    file = shared.terminal.directory / "mended.json"
    file.write_text(json.dumps(THUMBNAILS), encoding="utf-8")
    mended = shared.run("redrive", by_kind["thumbnail"], "--body", str(file), "--yes")
    assert (mended.exit_code, mended.stdout) == (0, "put back 1 letter\n")
    unnamed = shared.run("redrive", by_kind[None], "--body", str(file), "--yes")
    assert (unnamed.exit_code, shared.depths()) == (1, (0, 1))
    named = shared.run("redrive", by_kind[None], "--body", str(file), "--as", "thumbnail", "--yes")
    assert (named.exit_code, shared.depths()) == (0, (0, 2))


def test_a_purge_by_queue_takes_no_other_letter(shared: SharedLetters) -> None:
    """Captions are deleted, thumbnails and the unknown one are kept; ``show`` reads a letter as what it is named."""
    assert shared.run("purge", "--queue", "caption", "--yes").stdout.startswith("deleted 1 letter;")
    left = {letter["queue"]: letter["letter_id"] for letter in shared.listed()}
    assert set(left) == {None, "thumbnail"}
    assert "name its kind (--as) to know" in shared.run("show", left[None]).stdout
    assert "would pass now" in shared.run("show", left[None], "--as", "thumbnail").stdout
