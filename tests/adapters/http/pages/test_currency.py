"""Prices with the digits of their currency, never rounded."""

from decimal import Decimal

import pytest

from linkhub_adapters.http.pages.currency import Currency, price_text
from linkhub_core.model.rules import RuleBroken


@pytest.mark.parametrize(
    ("code", "price", "text", "amount"),
    [
        ("UGX", "85000", "UGX\u00a085,000", "85000"),
        ("ugx", "85000.5", "UGX\u00a085,000.5", "85000.5"),
        (" usd ", "19.9", "USD\u00a019.90", "19.90"),
        ("EUR", "20", "EUR\u00a020.00", "20.00"),
        ("KWD", "1.5", "KWD\u00a01.500", "1.500"),
        ("JPY", "1E+15", "JPY\u00a01,000,000,000,000,000", "1000000000000000"),
        ("USD", "0.000001", "USD\u00a00.000001", "0.000001"),
    ],
)
def test_a_price_has_the_decimals_of_its_currency(code: str, price: str, text: str, amount: str) -> None:
    """More only where the price has more."""
    currency = Currency.parse(code)
    assert (price_text(Decimal(price), currency), currency.amount(Decimal(price))) == (text, amount)


def test_without_a_currency_none_is_invented() -> None:
    """A bare number; and the invitation to ask where there is no price, with a currency or without."""
    assert [price_text(Decimal(price), None) for price in ("85000", "19.9")] == ["85,000", "19.90"]
    assert price_text(None, None) == price_text(None, Currency("UGX")) == "Ask for price"


@pytest.mark.parametrize("code", ["", "US", "DOLLAR", "XXX", "XTS", "XAU", "BTC", "ÜGX", "U G X"])
def test_what_iso_4217_does_not_list_is_refused(code: str) -> None:
    """The message names the standard and some codes."""
    with pytest.raises(RuleBroken, match="ISO 4217, such as UGX"):
        Currency.parse(code)
