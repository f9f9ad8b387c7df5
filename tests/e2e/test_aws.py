"""The sample stream through real processes on DynamoDB Local and a server that speaks SQS and SNS."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.deployment import Deployment, stop_all
from tests.e2e.expectations import STREAM, expected_lines

pytestmark = [pytest.mark.e2e, pytest.mark.aws]


def _doubled_stream(directory: Path, seed: int) -> tuple[Path, dict[int, int]]:
    """Write the stream twice into one file, in any order; the copies differ by a space that means nothing.

    A FIFO queue would drop true copies: these it delivers. Some bodies are bare events, others SNS notifications.

    Returns:
        The file, and the line of the stream for each of its lines.
    """
    lines = [json.loads(line) for line in STREAM.read_bytes().splitlines()]
    copies = [*enumerate(lines, 1), *((n, line | {"body": f"{line['body']} "}) for n, line in enumerate(lines, 1))]
    random.Random(seed).shuffle(copies)
    doubled = directory / f"doubled-{seed}.jsonl"
    doubled.write_text("".join(f"{json.dumps(line)}\n" for _, line in copies), encoding="utf-8")
    return doubled, {place: number for place, (number, _) in enumerate(copies, 1)}


def test_one_process_on_standard_queues(make_deployment: Callable[..., Deployment], tmp_path: Path) -> None:
    """Without a topic, a server that consumes shows products live, says nothing of polling, and makes all of it."""
    deployment = make_deployment(is_fifo=False, has_topic=False)
    doubled, numbers = _doubled_stream(tmp_path, 1)
    seller = expected_lines("products.jsonl")[0]["seller_handle"]
    server, url = deployment.serve("--consume")
    with server, deployment.start("watch", seller, "--url", url, "--count", "1") as viewer:
        viewer.wait_for_line("Subscribed")
        deployment.run("publish", str(doubled))
        assert viewer.wait(timeout_seconds=30) == 0
        deployment.wait_until_settled(server)
        deployment.check(numbers=numbers, copies=2)
        assert server.terminate() == 0
        assert not [line for line in server.stderr_lines if "viewers_will_only_poll" in line]


def test_a_server_beside_a_consumer_on_fifo_queues(make_deployment: Callable[..., Deployment]) -> None:
    """A server, which only shows, and a consumer make of the stream what has to come of it."""
    deployment = make_deployment(is_fifo=True, has_topic=True)
    server, _ = deployment.serve()
    with server, deployment.consume() as consumer:
        deployment.run("publish", str(STREAM))
        deployment.wait_until_settled(consumer)
        deployment.check()
        assert stop_all([consumer, server]) == [0, 0]


@pytest.mark.parametrize("is_fifo", [False, True], ids=["standard", "fifo"])
def test_three_consumers_one_of_them_killed(
    make_deployment: Callable[..., Deployment], tmp_path: Path, is_fifo: bool
) -> None:
    """Three consumers of a doubled and shuffled stream, one killed in the midst of work, come to the same products.

    Where it was killed between burying a message and deleting it, there are two letters of one.
    """
    deployment = make_deployment(is_fifo=is_fifo, has_topic=False)
    doubled, numbers = _doubled_stream(tmp_path, 3)
    with deployment.consume() as one, deployment.consume() as other, deployment.consume() as victim:
        deployment.run("publish", str(doubled))
        victim.wait_for_line("product_saved|half_staged")
        victim.kill()
        deployment.wait_until_settled(one)
        deployment.check(numbers=numbers, copies=2, letters_may_be_double=True)
        assert stop_all([one, other]) == [0, 0]
        assert [line for line in one.stderr_lines if "viewers_will_only_poll" in line]
