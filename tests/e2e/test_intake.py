"""The spellings of many producers through real processes, doubled, in any order, with a consumer killed."""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from linkhub_adapters.runtime import SystemClock
from linkhub_cli.backends import open_backend
from linkhub_cli.settings import load_settings
from linkhub_core.model import WaitingHalf
from linkhub_core.wire.codec import encode_event
from tests.e2e.deployment import Deployment
from tests.e2e.expectations import DATA

pytestmark = pytest.mark.e2e

CASES = [json.loads(line) for line in (DATA / "intake.jsonl").read_text(encoding="utf-8").splitlines()]
_COPIES = 2


def _publish_shuffled(deployment: Deployment, directory: Path, seed: int) -> Mapping[int, Mapping[str, Any]]:
    """Publish each case twice, in any order; give the case of each line of the file."""
    cases = CASES * _COPIES
    random.Random(seed).shuffle(cases)
    lines = [json.dumps({"queue": case["queue"], "body": case["body"]}) for case in cases]
    file = directory / "cases.jsonl"
    file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    deployment.run("publish", str(file))
    return dict(enumerate(cases, 1))


async def _waiting(deployment: Deployment) -> list[tuple[dict[str, Any], set[str]]]:
    """Each half that waits: the event that it is, and the fields that were noted."""
    async with open_backend(load_settings(environment=deployment.environment).settings, SystemClock()) as backend:
        return [
            (json.loads(encode_event(row.half)), {note.field for note in row.origin.notes})
            async for row in backend.staging.scan()
            if isinstance(row, WaitingHalf)
        ]


def _in_order(halves: list[tuple[dict[str, Any], set[str]]]) -> list[tuple[dict[str, Any], set[str]]]:
    """By video; times as moments, for their texts differ."""
    timed = [(event | {"timestamp": datetime.fromisoformat(event["timestamp"])}, notes) for event, notes in halves]
    return sorted(timed, key=lambda half: (half[0]["seller_handle"], half[0]["video_id"]))


def _check(deployment: Deployment, lines: Mapping[int, Mapping[str, Any]], *, letters_may_be_double: bool) -> None:
    accepted = [(dict(case["accepts"]), set(case["notes"])) for case in CASES if "accepts" in case]
    assert _in_order(asyncio.run(_waiting(deployment))) == _in_order(accepted)
    letters = [json.loads(line) for line in deployment.run("dead-letters", "list", "--json").splitlines()]
    rejected: Counter[str] = Counter()
    for letter in letters:
        case = lines[int(letter["correlation_id"].rpartition(":")[2])]
        assert case["rejects"] in [fault["field"] for fault in letter["faults"]], case["name"]
        assert not letter["would_pass"]
        rejected[case["name"]] += 1
    if letters_may_be_double:
        rejected = Counter({name: min(count, _COPIES) for name, count in rejected.items()})
    assert rejected == {case["name"]: _COPIES for case in CASES if "rejects" in case}


def _consume_with_a_kill(deployment: Deployment, directory: Path) -> Mapping[int, Mapping[str, Any]]:
    with deployment.consume() as victim:
        lines = _publish_shuffled(deployment, directory, 7)
        victim.wait_for_line("half_staged|message_rejected")
        victim.kill()
    with deployment.consume() as survivor:
        deployment.wait_until_settled(survivor)
    return lines


def test_on_the_embedded_file(deployment: Deployment, tmp_path: Path) -> None:
    """Each case is accepted as it says, with its notes, or is a dead letter that names the field."""
    _check(deployment, _consume_with_a_kill(deployment, tmp_path), letters_may_be_double=False)


@pytest.mark.aws
def test_on_aws(make_deployment: Callable[..., Deployment], tmp_path: Path) -> None:
    """The same through SQS and DynamoDB, where a kill between two calls may leave two letters of one message."""
    deployment = make_deployment(is_fifo=False, has_topic=False)
    _check(deployment, _consume_with_a_kill(deployment, tmp_path), letters_may_be_double=True)
