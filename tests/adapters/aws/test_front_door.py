"""The room's own names are imported at their first use, and not before."""

from __future__ import annotations

import subprocess
import sys

import pytest

from linkhub_adapters import aws


def test_every_name_is_the_class_of_its_module() -> None:
    """Each is there under its own name."""
    assert [getattr(aws, name).__name__ for name in aws.__all__] == list(aws.__all__)


def test_another_name_is_none() -> None:
    """As with any module."""
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        aws.Nothing  # noqa: B018  the look itself is tried


def test_the_room_alone_imports_no_boto3() -> None:
    """Commands on the embedded backend import parts of it that do without."""
    code = "import sys, linkhub_adapters.aws.resources; assert not {'boto3', 'botocore'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
