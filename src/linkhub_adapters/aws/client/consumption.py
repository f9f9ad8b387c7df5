"""What DynamoDB says that it charged: capacity units, by table. Calls are counted where they are made (``AwsCalls``).

DynamoDB Local tells nothing of PartiQL statements; DynamoDB does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from attrs import define, field

__all__ = ["Consumption"]


@define(eq=False)
class Consumption:
    """Units since the start. It is added to on the event loop only, so it needs no lock."""

    read_units: Counter[str] = field(factory=Counter)
    write_units: Counter[str] = field(factory=Counter)

    def add(self, reply: Mapping[str, Any], *, is_write: bool) -> None:
        """Count what a reply tells: one amount, or one for each table or statement."""
        told = reply.get("ConsumedCapacity", ())
        units = self.write_units if is_write else self.read_units
        for one in [told] if isinstance(told, dict) else told:
            units[one["TableName"]] += one["CapacityUnits"]
