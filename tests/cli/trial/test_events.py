"""Events through a consumer: the figures, and what is noticed."""

from __future__ import annotations

import pytest

from linkhub_cli.settings import load_settings
from linkhub_cli.trial.checks import Deviation
from linkhub_cli.trial.events import EventTrial, Measured
from linkhub_cli.trial.sample_events import sample_body
from linkhub_cli.wiring.container import open_container
from linkhub_core.model import Kind
from linkhub_core.ports import OutgoingMessage

_MEMORY = {"LINKHUB_BACKEND": "memory", "LINKHUB_RECEIVE_WAIT_SECONDS": "0.05"}


async def _run(*foreign: str) -> tuple[Measured, list[tuple[int, int]]]:
    progress: list[tuple[int, int]] = []
    async with open_container(load_settings(environment=_MEMORY).settings) as container:
        for seller in foreign:
            body = sample_body(Kind.CAPTION, seller, 1, container.clock().now())
            await container.backend().publisher.publish([OutgoingMessage(kind=Kind.CAPTION, body=body)])
        trial = EventTrial(container=container, events=240, progress=lambda *heard: progress.append(heard))
        return await trial.run(), progress


async def test_each_video_becomes_one_product() -> None:
    """All are heard, in windows, and the figures count them."""
    measured, progress = await _run()
    assert (measured.events, measured.products) == (240, 120)
    assert len(measured.latencies_seconds) == 120
    assert progress[-1] == (120, 120)
    assert measured.figures["events_per_second"] > 0


async def test_a_half_that_is_left_is_noticed() -> None:
    """A half of an unknown video in staging is not of the trial."""
    with pytest.raises(Deviation, match="1 halves were left in staging"):
        await _run("another-seller")
