"""The expected result of the sample stream, and its comparison."""

from __future__ import annotations

import json
import random
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

DATA = Path(__file__).parents[1] / "data"
STREAM = DATA / "stream.jsonl"
_CLOCK_FIELDS = ("created_at", "updated_at")


def _documents(text: str) -> list[dict[str, Any]]:
    return [json.loads(line, parse_float=Decimal, parse_int=Decimal) for line in text.splitlines()]


def expected_lines(name: str) -> list[dict[str, Any]]:
    """The documents of one of the expected files."""
    return _documents((DATA / name).read_text(encoding="utf-8"))


def products_of(export: str) -> list[dict[str, Any]]:
    """The output of ``linkhub export``, without the times that the saver's clock sets."""
    return [
        {name: value for name, value in product.items() if name not in _CLOCK_FIELDS} for product in _documents(export)
    ]


def waiting_of(listed: str) -> list[dict[str, Any]]:
    """The output of ``linkhub staging list --json``, in the form of the expected file."""
    return [{name: half[name] for name in ("seller_handle", "video_id", "has")} for half in _documents(listed)]


def rejected_lines_of(listed: str, numbers: dict[int, int] | None = None) -> Counter[int]:
    """The count of each line of the stream in the output of ``linkhub dead-letters list --json``.

    Args:
        listed: the output.
        numbers: the line of the stream for each line of the file that was published, where they differ.
    """
    lines = [int(letter["correlation_id"].rpartition(":")[2]) for letter in _documents(listed)]
    return Counter(numbers[line] if numbers else line for line in lines)


def shuffled_stream(directory: Path, seed: int) -> tuple[Path, dict[int, int]]:
    """Write the stream in another order.

    Returns:
        The file, and the line of the stream for each of its lines.
    """
    lines = STREAM.read_bytes().splitlines(keepends=True)
    order = list(range(len(lines)))
    random.Random(seed).shuffle(order)
    shuffled = directory / f"shuffled-{seed}.jsonl"
    shuffled.write_bytes(b"".join(lines[place] for place in order))
    return shuffled, {number: place + 1 for number, place in enumerate(order, 1)}
