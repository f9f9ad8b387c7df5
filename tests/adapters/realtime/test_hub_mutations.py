"""The state machine over the hub is itself tested: each fault, put in, is found."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from linkhub_adapters.realtime.hub.announced_revisions import AnnouncedRevisions, Novelty
from linkhub_adapters.realtime.hub.catch_up import CatchUp
from linkhub_adapters.realtime.hub.catch_up_buffer import CatchUpBuffer, Request
from linkhub_adapters.realtime.hub.channel import Channel
from linkhub_adapters.realtime.hub.subscriber import Subscriber
from linkhub_adapters.realtime.hub.wire_format import EncodedEvent
from linkhub_core.model.announcement import Announcement
from tests.adapters.realtime.test_hub_machine import HubMachine

_SETTINGS = settings(
    phases=[Phase.generate],
    max_examples=1_000,
    stateful_step_count=40,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)

_answer = Request.answer
_judge = AnnouncedRevisions.judge
_hold = Channel.hold


def _do_nothing(*_: Any, **__: Any) -> None:
    """In the place of a step."""


def _any_life_is_new(self: AnnouncedRevisions, announcement: Announcement) -> Novelty:
    return Novelty.NEW if _judge(self, announcement) is Novelty.OTHER_LIFE else _judge(self, announcement)


def _a_life_never_ends(self: AnnouncedRevisions, announcement: Announcement) -> Novelty:
    return Novelty.REPEAT if _judge(self, announcement) is Novelty.OTHER_LIFE else _judge(self, announcement)


def _begin_again(self: Channel, viewer: Subscriber) -> CatchUpBuffer:
    self.held.pop(viewer, None)
    return _hold(self, viewer)


def _is_never_overtaken(self: Request, missed: Sequence[EncodedEvent] | None, now: datetime) -> None:
    if missed is not None:
        _answer(self, missed, now)


def _is_never_sent(self: Request) -> None:
    """The task of a request waits for ever."""


@pytest.mark.parametrize(
    ("owner", "step", "fault"),
    [
        (CatchUp, "leave", _do_nothing),
        (Request, "answer", _is_never_overtaken),
        (CatchUp, "resume", _do_nothing),
        (Channel, "hold", _begin_again),
        (Channel, "remember_replayed", _do_nothing),
        (AnnouncedRevisions, "learn_life", _do_nothing),
        (AnnouncedRevisions, "judge", _any_life_is_new),
        (AnnouncedRevisions, "judge", _a_life_never_ends),
        (Subscriber, "drop_answers", _do_nothing),
        (Request, "mark_sent", _is_never_sent),
    ],
)
def test_each_fault_is_found(monkeypatch: pytest.MonkeyPatch, owner: type, step: str, fault: object) -> None:
    """If any step of catch-up is broken, clients do not get the events of the model."""
    monkeypatch.setattr(owner, step, fault)
    with pytest.raises(AssertionError):
        run_state_machine_as_test(HubMachine, settings=_SETTINGS)
