"""The events of a trial."""

from datetime import UTC, datetime

import pytest

from linkhub_cli.trial.sample_events import sample_body, sample_key
from linkhub_core.model import Kind
from linkhub_core.wire.codec import read_event

_NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)


@pytest.mark.parametrize("kind", Kind)
def test_they_are_as_the_schema_has_it(kind: Kind) -> None:
    """Intake reads them without a note, as halves of the right video."""
    reading = read_event(kind, sample_body(kind, "nalu-fashion", 7, _NOW), _NOW)
    assert reading.half.kind is kind
    assert reading.half.key == sample_key("nalu-fashion", 7)
    assert reading.notes == ()
