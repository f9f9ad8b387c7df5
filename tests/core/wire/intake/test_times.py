"""Times as other producers write them."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from linkhub_core.model.rules import RuleBroken
from linkhub_core.wire.intake.times import read_time

MOMENT = datetime(2026, 1, 15, 11, 0, 2, 123_000, tzinfo=UTC)
WHOLE = MOMENT.replace(microsecond=0)


@pytest.mark.parametrize(
    "value",
    [
        "2026-01-15T11:00:02.123Z",
        "2026-01-15T11:00:02.123",
        "2026-01-15 11:00:02.123",
        "2026-01-15 11:00:02.123+00:00",
        "2026-01-15T11:00:02.123+0000",
        "2026-01-15T14:00:02.123+03",
        "2026-01-15T11:00:02.123000000Z",
        "2026-01-15T11:00:02.123000999Z",
        "2026-01-15T11:00:02,123Z",
    ],
)
def test_the_form_of_the_schema_has_no_note(value: str) -> None:
    """ISO 8601 with T or a space, one to nine digits, any or no offset."""
    assert read_time(value) == (MOMENT, None)


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("2026-01-15t11:00:02.123z", MOMENT),
        ("2026-01-15T11:00:02.123z", MOMENT),
        ("2026-01-15T11:00:02.123460z", MOMENT.replace(microsecond=123_460)),
        (" 2026-01-15T11:00:02.123Z\n", MOMENT),
        ("2026-01-15T14:00:02.123+03:00[Africa/Kampala]", MOMENT),
        ("2026-01-15T14:00:02.123+03:00[+03:00]", MOMENT),
        ("2026-01-15T11:00:02.123Z[UTC]", MOMENT),
        ("2026-01-15T11:00:02.123[UTC]", MOMENT),
        ("2026-01-15T11:00:02.123Z[Etc/UTC]", MOMENT),
        ("2026-01-15 11:00:02.123 UTC", MOMENT),
        ("2026-01-15 11:00:02.123 GMT", MOMENT),
        ("2026-01-15T11:00:02.123 utc", MOMENT),
        ("2026-01-15 11:00:02.123 +0000 UTC", MOMENT),
        ("2026-01-15 14:00:02.123 +0300 EAT", MOMENT),
        ("2026-01-15 14:00:02.123 +0300 +03", MOMENT),
        ("2026-01-15 11:00:02.123456789 +0000 UTC m=+0.000012345", MOMENT.replace(microsecond=123_456)),
        ("2026-01-15 11:00:02 +0000 UTC", WHOLE),
        ("2025-12-31T23:59:60Z", datetime(2026, 1, 1, tzinfo=UTC)),
        ("2026-01-15T11:00:60.5Z", datetime(2026, 1, 15, 11, 1, 0, 500_000, tzinfo=UTC)),
        ("20260115T110060Z", datetime(2026, 1, 15, 11, 1, tzinfo=UTC)),
        ("Thu, 15 Jan 2026 11:00:02 GMT", WHOLE),
        ("Thu, 15 Jan 2026 11:00:02 +0000 (UTC)", WHOLE),
        ("15 Jan 2026 14:00:02 +0300", WHOLE),
        ("thu, 15 jan 2026 11:00:02 gmt", WHOLE),
        ("Thu, 15 Jan 2026 11:00:02 -0000", WHOLE),
        ("Thu, 15 Jan 2026 11:00:02", WHOLE),
        ("Thu, 15 Jan 2026 06:00:02 EST", WHOLE),
        ("Thu, 15 Jan 2026 11:00:60 GMT", datetime(2026, 1, 15, 11, 1, tzinfo=UTC)),
        ("Thu, 5 Feb 2026 11:00 GMT", datetime(2026, 2, 5, 11, tzinfo=UTC)),
        ("2026-01-15 14:00:02.123 +0300", MOMENT),
        ("2026-01-15 14:00:02.123 +03:00", MOMENT),
        ("2026-01-15 14:00:02 +0300", WHOLE),
        ("2026-01-15 11:00:02.123000 +0000", MOMENT),
        ("2026-01-15T14:00:02 +03:00", WHOLE),
        ("2026-01-15T11:00:02 Z", WHOLE),
        ("2026-01-15 11:00:02.123 +00:00:00", MOMENT),
        ("2026-01-15T11:00:02.1230000001Z", MOMENT),
        ("2026-01-15", datetime(2026, 1, 15, tzinfo=UTC)),
        ("20260115", datetime(2026, 1, 15, tzinfo=UTC)),
        ("20260115T110002Z", WHOLE),
    ],
)
def test_other_forms_are_read_and_noted(value: str, moment: datetime) -> None:
    """Each means one moment."""
    assert read_time(value) == (moment, "time_spelling")


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        (1768474802, WHOLE),
        (1768474802.123, MOMENT),
        (Decimal("1768474802.1239999999"), MOMENT.replace(microsecond=123_999)),
        (1768474802123, MOMENT),
        (1768474802123.0, MOMENT),
        (1768474802123000, MOMENT),
        ("1768474802", WHOLE),
        (" 1768474802.123 ", MOMENT),
        ("1768474802123", MOMENT),
        ("1.768474802123e12", MOMENT),
        (10**11 - 1, datetime(5138, 11, 16, 9, 46, 39, tzinfo=UTC)),
        (10**11, datetime(1973, 3, 3, 9, 46, 40, tzinfo=UTC)),
        (10**14, datetime(1973, 3, 3, 9, 46, 40, tzinfo=UTC)),
        (0, datetime(1970, 1, 1, tzinfo=UTC)),
        (-1, datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_numbers_count_from_1970_by_their_magnitude(value: object, moment: datetime) -> None:
    """Seconds, milliseconds, microseconds; digits past the microsecond are cut."""
    assert read_time(value) == (moment, "time_as_number")


@pytest.mark.parametrize(
    "value",
    [
        *("", " ", "yesterday", "now", "null", "11:00:02", "15/01/2026", "01/15/2026 11:00", "2026-13-01T00:00:00Z"),
        *("2026-01-15T11:00:02.123[Africa/Kampala]", "2026-01-15T11:00:02 EAT", "Thu, 15 Jan 2026 11:00:02 EAT"),
        *("2026-01-15T25:00:00Z", "2026-01-15T11:60:00Z", "Thu, 35 Jan 2026 11:00:02 GMT", "1,768,474,802"),
        *("2026-01-15T11:00:02\0Z", "٢٠٢٦-01-15T11:00:02Z", "9999-12-31T23:59:60Z", "9999-12-31T23:59:59-14:00"),
        *(True, None, [], {}, 10**17, -(10**17), 10**400, float("nan"), float("inf"), Decimal("NaN"), "1e400"),
    ],
)
def test_what_means_no_moment_is_refused(value: object) -> None:
    """Or what could mean several."""
    with pytest.raises(RuleBroken):
        read_time(value)


def test_milliseconds_that_look_like_a_date_are_milliseconds() -> None:
    """1700010112030 is in the year 2023; the ISO parser reads 20:30 on 1 January 1700."""
    moment = datetime(2023, 11, 15, 1, 1, 52, 30_000, tzinfo=UTC)
    assert read_time("1700010112030") == read_time(1700010112030) == (moment, "time_as_number")


@pytest.mark.parametrize(
    "value", ["1e9999999", "1e99999999999999999999", Decimal("1e9999"), "2026-01-15T" + "9" * 90_000]
)
def test_a_time_beyond_arithmetic_breaks_the_rule(value: object) -> None:
    """No exception of the decimal library, and no work that grows with the square of the length."""
    with pytest.raises(RuleBroken):
        read_time(value)
