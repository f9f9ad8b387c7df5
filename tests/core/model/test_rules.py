"""Rules by themselves: they give the canonical value or say what is wrong, and know no field."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from linkhub_core.model import rules
from linkhub_core.model.rules import Rule, RuleBroken


@pytest.mark.parametrize(
    ("rule", "value", "canonical"),
    [
        (rules.text(), "", ""),
        (rules.text(most=2), "👗👗", "👗👗"),
        (rules.matching("[a-z]", most=3), "abc", "abc"),
        (rules.url(most=20), "https://x", "https://x"),
        (rules.url(most=20), "HTTP://a.b:80/c?d#e", "HTTP://a.b:80/c?d#e"),
        (rules.url(most=20), "http://[::1]/x", "http://[::1]/x"),
        (rules.number(), 1, 1),
        (rules.number(), 1.0, 1),
        (rules.number(), Decimal("1.50"), 1.5),
        (rules.number(), -0.0, 0),
        (rules.number(), 2.0**53, 2**53),
        (rules.number(), 2.0**54, 2.0**54),
        (rules.number(), 5e-324, 5e-324),
        (rules.number(), Decimal("1e-400"), 0),
        (rules.number(least=0), 0, 0),
        (rules.integer(), 45.0, 45),
        (rules.integer(), -(2**53), -(2**53)),
        (rules.flag(), True, True),
        (rules.texts(most=2, most_characters=1), ["a", "b"], ("a", "b")),
        (rules.texts(most=2, most_characters=1), (), ()),
        (rules.optional(rules.text()), None, None),
        (rules.optional(rules.text()), "a", "a"),
    ],
)
def test_a_rule_gives_the_canonical_value(rule: Rule[object], value: object, canonical: object) -> None:
    """Equal values come out equal, and of the same type."""
    given = rule(value)
    assert (given, type(given)) == (canonical, type(canonical))


@pytest.mark.parametrize(
    ("rule", "value", "problem"),
    [
        (rules.text(), 1, "must be text, not a number"),
        (rules.text(), b"a", "must be text, not bytes"),
        (rules.text(most=2), "abc", "has 3 characters, 2 are allowed"),
        (rules.text(), "\udfff", "holds a lone surrogate, which is not a character"),
        (rules.text(), "\0", "holds a NUL character"),
        (rules.matching("[a-z]", most=3), "", "is empty"),
        (rules.matching("[a-z]", most=3), "abcd", "has 4 characters, 3 are allowed"),
        (rules.matching("[a-z]", most=3), "A", "may only hold characters of [a-z]"),
        (rules.matching("[a-z]", most=3), "a\n", "may only hold characters of [a-z]"),
        (rules.url(most=20), "htp://x", "must be an http or https URL with a host"),
        (rules.url(most=20), "https://", "must be an http or https URL with a host"),
        (rules.url(most=20), "https:///x", "must be an http or https URL with a host"),
        (rules.url(most=20), "https://a b/", "must be an http or https URL with a host"),
        (rules.url(most=20), "https://a/\t", "must be an http or https URL with a host"),
        (rules.url(most=20), "https://@/", "must be an http or https URL with a host"),
        (rules.matching("[.a]", most=3, never=(".", "..")), "..", "must not be .."),
        (rules.url(most=20), "https://0123456789abc", "has 21 characters, 20 are allowed"),
        (rules.number(), True, "must be a number, not a boolean"),
        (rules.number(), "1", "must be a number, not text"),
        (rules.number(), float("nan"), "must be a finite number"),
        (rules.number(), float("-inf"), "must be a finite number"),
        (rules.number(), 10**400, "must be a finite number"),
        (rules.number(), Decimal("1e400"), "must be a finite number"),
        (rules.number(), Decimal("NaN"), "must be a finite number"),
        (rules.number(least=0), -5e-324, "must not be below 0"),
        (rules.integer(), 0.5, "must be a whole number"),
        (rules.integer(), 2**53 + 1, "is out of range"),
        (rules.integer(), -(2**60), "is out of range"),
        (rules.flag(), 0, "must be true or false, not a number"),
        (rules.flag(), None, "must be true or false, not null"),
        (rules.texts(most=2, most_characters=1), "ab", "must be a list of texts, not text"),
        (rules.texts(most=2, most_characters=1), {"a"}, "must be a list of texts, not set"),
        (rules.texts(most=2, most_characters=1), ["a", "b", "c"], "has 3 entries, 2 are allowed"),
        (rules.texts(most=2, most_characters=1), ["a", "bc"], "entry 1 has 2 characters, 1 are allowed"),
    ],
)
def test_a_rule_says_what_is_wrong(rule: Rule[object], value: object, problem: str) -> None:
    """The message names the value's kind and the limit."""
    with pytest.raises(RuleBroken) as broken:
        rule(value)
    assert str(broken.value).startswith(problem)


MONEY = rules.money(most=10**12, decimals=6)


@pytest.mark.parametrize(
    ("value", "amount"),
    [
        (0, "0"),
        (-0.0, "0"),
        (Decimal("-0"), "0"),
        (Decimal("0E+50"), "0"),
        (10**12, "1000000000000"),
        (Decimal("1E+12"), "1000000000000"),
        (Decimal("999999999999.999999"), "999999999999.999999"),
        (Decimal("0.000001"), "0.000001"),
        (Decimal("0.1" + "0" * 100), "0.1"),
        (0.1, "0.1"),
        (49.99, "49.99"),
    ],
)
def test_money_is_exact_and_spelled_in_one_way(value: object, amount: str) -> None:
    """No digit is lost, and no zero is left behind."""
    assert str(MONEY(value)) == amount


@pytest.mark.parametrize(
    "value",
    [
        True,
        "1",
        None,
        -1,
        10**12 + 1,
        Decimal("1000000000000.000001"),
        Decimal("0.0000001"),
        Decimal("1E-400"),
        Decimal("1E-999999999"),
        Decimal("1.0000000000000000000000000000000000000001"),
        Decimal("Infinity"),
        Decimal("NaN"),
        Decimal("sNaN"),
        float("nan"),
    ],
)
def test_what_is_no_exact_amount_is_no_money(value: object) -> None:
    """Nothing is rounded into shape."""
    with pytest.raises(RuleBroken):
        MONEY(value)


@pytest.mark.parametrize(("count", "least", "most"), [(0, 0, 0), (1, 1, 20), (20, 1, 20), (10**9, 0, None)])
def test_a_count_within_its_limits_passes(count: int, least: int, most: int | None) -> None:
    """Limits belong to what is allowed."""
    rules.check_count(count, least, most)


@pytest.mark.parametrize(("count", "least", "most"), [(0, 1, 20), (21, 1, 20), (1, 0, 0)])
def test_a_count_beyond_its_limits_is_a_fault(count: int, least: int, most: int) -> None:
    """On either side."""
    with pytest.raises(RuleBroken):
        rules.check_count(count, least, most)


def test_a_moment_is_brought_to_utc() -> None:
    """A moment without an offset is taken to be UTC; one with an offset is the same instant."""
    noon = datetime(2026, 1, 15, 12, tzinfo=UTC)
    assert rules.moment(datetime(2026, 1, 15, 12)) == noon  # noqa: DTZ001  it has none on purpose
    assert rules.moment(datetime(2026, 1, 15, 14, tzinfo=timezone(timedelta(hours=2)))) == noon
    assert rules.moment("2026-01-15T14:00:00+02:00").tzinfo is UTC
