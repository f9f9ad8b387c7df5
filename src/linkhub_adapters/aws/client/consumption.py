"""The capacity units that DynamoDB reports, by table. DynamoDB Local reports none for PartiQL statements."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from attrs import define, field


@define(eq=False)
class Consumption:
    """Units since the start; only the event loop adds to them, so there is no lock."""

    read_units: Counter[str] = field(factory=Counter)
    write_units: Counter[str] = field(factory=Counter)

    def add(self, reply: Mapping[str, Any], *, is_write: bool) -> None:
        """Add the units of a reply: one amount, or one for each table or statement."""
        reported = reply.get("ConsumedCapacity", ())
        units = self.write_units if is_write else self.read_units
        for one in [reported] if isinstance(reported, dict) else reported:
            units[one["TableName"]] += one["CapacityUnits"]
