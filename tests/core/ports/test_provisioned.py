"""The outcome for a resource is a value."""

from __future__ import annotations

from linkhub_core.ports.provisioned import Provisioned, Status


def test_what_failed_has_no_address_and_says_why() -> None:
    """Settings name nothing that is not there."""
    provisioned = Provisioned.failed("queue", "linkhub-caption", "denied")
    assert (provisioned.status, provisioned.address, provisioned.notes) == (Status.FAILED, "", ["denied"])
