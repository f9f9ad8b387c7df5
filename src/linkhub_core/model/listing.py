"""The listing of a product: what its seller or an operator says about it, on top of what was parsed."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

from attrs import evolve, field, frozen

from linkhub_core.model import rules
from linkhub_core.model.fields import facts_of, setting


class Availability(StrEnum):
    """Whether a product can be bought. A withdrawn product is hidden from readers."""

    IN_STOCK = "in_stock"
    SOLD_OUT = "sold_out"
    WITHDRAWN = "withdrawn"


@frozen(kw_only=True)
class Listing:
    """The availability of a product, and the title and price that replace the parsed ones."""

    availability: Availability = setting(
        rules.choice(Availability),
        "Whether it can be bought; a withdrawn product is hidden.",
        example="sold_out",
        default=Availability.IN_STOCK,
    )
    title: str | None = setting(
        rules.optional(rules.text(most=2000)),
        "Replaces the parsed title; null: as parsed.",
        example="Summer Heels",
        default=None,
    )
    price: Decimal | None = setting(
        rules.optional(rules.money(most=10**15, decimals=6)),
        "Replaces the parsed price; null: as parsed.",
        example=49000,
        default=None,
    )


AS_PARSED: Final = Listing()
LISTING_FIELDS: Final = frozenset(facts.name for facts in facts_of(Listing))


@frozen(kw_only=True)
class ListingChange:
    """A change of a listing: ``fields`` get their values from ``listing``, the others stay.

    A replacement changes all fields.
    """

    listing: Listing
    fields: frozenset[str] = field(default=LISTING_FIELDS)

    def apply(self, stored: Listing) -> Listing:
        """The listing after this change."""
        changed: dict[str, Any] = {name: getattr(self.listing, name) for name in self.fields}
        return evolve(stored, **changed)
