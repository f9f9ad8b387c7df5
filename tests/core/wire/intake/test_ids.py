"""The seller and the video of a body, also of one that the codec rejects."""

from __future__ import annotations

import json

import pytest

from linkhub_core.wire.intake import names_in


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ('{"seller_handle": "s", "video_id": "v"}', ("s", "v")),
        (json.dumps({"Type": "Notification", "Message": '{"seller_handle": "s", "video_id": "v"}'}), ("s", "v")),
        ('{"seller_handle": "s", "video_id": "v",', ("s", "v")),
        ('{"seller_handle": 5, "video_id": null}', (None, None)),
        ('{"Type": "Notification", "Message": 5}', (None, None)),
        ("", (None, None)),
    ],
)
def test_names_are_read_from_anything(body: str, names: tuple[str | None, str | None]) -> None:
    """From an event, out of its notification, and from what is not even JSON."""
    assert names_in(body) == names
