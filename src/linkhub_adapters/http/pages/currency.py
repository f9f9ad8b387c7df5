"""Prices as texts: with the currency that the operator set, or without any. No rate and no rounding.

The pages are in English, and so are these texts: ``UGX 85,000``, ``USD 19.90``. Scripts then write them as the
shopper's locale has them.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final, Self

from attrs import frozen

from linkhub_core.model.rules import RuleBroken

# ISO 4217, without funds, metals and codes for tests.
_WITH_TWO_DECIMALS: Final = (
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC "
    "CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD "
    "KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO "
    "NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL "
    "THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG"
)
_DECIMALS: Final = {
    code: decimals
    for decimals, codes in (
        (0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"),
        (2, _WITH_TWO_DECIMALS),
        (3, "BHD IQD JOD KWD LYD OMR TND"),
        (4, "CLF"),
    )
    for code in codes.split()
}
_MOST_DECIMALS: Final = 6
_NO_BREAK_SPACE: Final = "\u00a0"


@frozen
class Currency:
    """A currency of ISO 4217. ``decimals`` are the digits of its minor unit: 2 of the euro, 0 of the yen."""

    code: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a code, in any case.

        Raises:
            RuleBroken: ISO 4217 has no such code.
        """
        code = text.strip().upper()
        if code not in _DECIMALS:
            raise RuleBroken("must be a currency code of ISO 4217, such as UGX, EUR or USD")
        return cls(code)

    @property
    def decimals(self) -> int:
        """The digits of the minor unit."""
        return _DECIMALS[self.code]

    def amount(self, price: Decimal) -> str:
        """A price for machines: at least the digits of the minor unit, a point, no groups."""
        return _with_decimals(price, self.decimals)


def price_text(price: Decimal | None, currency: Currency | None) -> str:
    """A price for people, or "Ask for price"."""
    if price is None:
        return "Ask for price"
    if currency is None:
        return _grouped(_with_decimals(price, 0 if price == price.to_integral_value() else 2))
    return f"{currency.code}{_NO_BREAK_SPACE}{_grouped(currency.amount(price))}"


def _with_decimals(price: Decimal, least: int) -> str:
    whole, _, rest = f"{price:.{_MOST_DECIMALS}f}".partition(".")
    decimals = rest.rstrip("0").ljust(least, "0")
    return f"{whole}.{decimals}" if decimals else whole


def _grouped(amount: str) -> str:
    whole, point, rest = amount.partition(".")
    return f"{int(whole):,}{point}{rest}"
