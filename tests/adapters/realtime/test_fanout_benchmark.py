"""The benchmark of the fan-out still runs: its figures are not checked here."""

from __future__ import annotations

from pathlib import Path

import pytest
from benchmarks.fanout.contest import WARM_UP_ROUNDS, Figures, hold_contest
from benchmarks.fanout.contestants import CONTESTANTS
from benchmarks.fanout.shop_events import write_events

CONNECTIONS, ROUNDS = 5, 2


@pytest.mark.e2e
def test_each_event_reaches_all_clients_of_linkhub_and_of_websockets(tmp_path: Path) -> None:
    """Servers, clients and their rounds, as small as can be."""
    events = tmp_path / "events.jsonl"
    write_events(events, WARM_UP_ROUNDS + ROUNDS)
    chosen = [CONTESTANTS[name] for name in ("linkhub", "linkhub-compressed", "linkhub-socketio", "websockets")]
    outcomes = hold_contest(chosen, events, tmp_path, connections=CONNECTIONS, rounds=ROUNDS, rest_seconds=0)
    for contestant in chosen:
        figures = outcomes[contestant.name]
        assert isinstance(figures, Figures)
        assert figures.messages == len(figures.latencies) == CONNECTIONS * ROUNDS
        assert figures.cpu_seconds > 0
        assert (figures.bytes_per_message < 1_000) is (contestant.dialect == "deflate")
        assert min(figures.latencies) > 0
