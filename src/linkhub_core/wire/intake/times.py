"""Normalise times: the forms that workers send, as moments in UTC.

ISO 8601 with ``T`` or a space is the schema's form and needs no note. These forms need one: lower case, a ``[Zone]``
after the offset (Java), `` UTC`` or `` GMT``, a space before the offset (Ruby, Rust), Go's ``time.String()`` with or
without ``m=``, a leap second, RFC 5322, and seconds, milliseconds or microseconds since 1970. Digits below a
microsecond are cut. A time without an offset is UTC.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import parsedate_to_datetime

from linkhub_core.model.rules import RuleBroken, kind_of, moment
from linkhub_core.wire.json_text import exact_number

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST_TIME = 200  # Go's and RFC 5322's longest forms have about 60 characters
# Python's parser accepts more: any character between date and time, and any number of digits.
_AS_THE_SCHEMA_HAS_IT = re.compile(
    r"[0-9]{4}-[0-9W-]{5}[T ][0-9]{2}(?::?[0-9]{2}(?::?[0-9]{2}(?:[.,][0-9]{1,9})?)?)?(?:Z|[+-][0-9:.]+)?"
)
_BASIC_DATE = re.compile(r"[0-9]{8}")
JSON_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_SPACED = re.compile(
    r"(\S+[ Tt]\S+) ([+-][0-9]{2}:?[0-9]{2}(?::?[0-9]{2})?)(?: [A-Za-z0-9+-]{1,10}(?: m=[+-][0-9.]+)?)?"
)
_UTC_NAMES = frozenset({"UTC", "GMT", "Z", "ETC/UTC", "ETC/GMT"})
_ZONE = re.compile(r"(.+?)\[([A-Za-z0-9_+:/-]+)\]")
_OFFSET = re.compile(r"(?:[Zz]|[+-][0-9]{2}(?::?[0-9]{2}){0,2})")
_LEAP = re.compile(r"(?<![0-9.,])([0-9]{2}:?[0-9]{2}:?)60(?![0-9])")
_RFC_5322 = re.compile(
    r"(?:[A-Za-z]{3},\s*)?[0-9]{1,2}\s+[A-Za-z]{3}\s+[0-9]{4}\s+[0-9]{2}:[0-9]{2}(?::[0-9]{2})?"
    r"(?:\s+(?:[+-][0-9]{4}|UTC?|GMT|Z|[ECMP][SD]T))?(?:\s+\([^()]*\))?",
    re.IGNORECASE,
)
# Upper limits of seconds, milliseconds and microseconds, each with its microseconds per unit.
_UNITS = ((10**11, 1_000_000), (10**14, 1_000), (10**17, 1))
_TIME_FORMS = "must be a time as ISO 8601, RFC 5322, or seconds since 1970 have it"


def read_time(value: object) -> tuple[datetime, str | None]:
    """Read a time in one of the module's forms.

    Returns:
        The moment in UTC, aware, and the name of the deviation (None for the schema's form).

    Raises:
        RuleBroken: the value has none of the forms.
    """
    if isinstance(value, str):
        return _read_text(value)
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise RuleBroken(f"{_TIME_FORMS}, not {kind_of(value)}")
    return _since_epoch(Decimal(repr(value)) if isinstance(value, float) else Decimal(value)), "time_as_number"


def _read_text(value: str) -> tuple[datetime, str | None]:
    if len(value) > _LONGEST_TIME:
        raise RuleBroken(f"{_TIME_FORMS}; it has {len(value):,} characters")
    if _AS_THE_SCHEMA_HAS_IT.fullmatch(value):
        try:
            return moment(datetime.fromisoformat(value)), None
        except (ValueError, OverflowError):
            pass  # such as a leap second
    stripped = value.strip(" \t\r\n")
    # ISO parsing would read milliseconds such as 1700010112030 as a date of the year 1700. Eight digits are a date.
    if value[4:5] != "-" and JSON_NUMBER.fullmatch(stripped) and not _BASIC_DATE.fullmatch(stripped):
        return _since_epoch(exact_number(stripped)), "time_as_number"
    try:
        return moment(value), "time_spelling"
    except RuleBroken:
        return _read_other(stripped), "time_spelling"


def _read_other(value: str) -> datetime:
    seconds_later = 0
    if _LEAP.search(value):
        value, seconds_later = _LEAP.sub(r"\g<1>59", value, count=1), 1
    try:
        instant = _from_rfc_5322(value) if _RFC_5322.fullmatch(value) else moment(_as_iso(value))
        return instant + timedelta(seconds=seconds_later)
    except (ValueError, OverflowError):
        raise RuleBroken(_TIME_FORMS if value else "is empty") from None


def _from_rfc_5322(value: str) -> datetime:
    instant = parsedate_to_datetime(value)
    return instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)


def _as_iso(value: str) -> str:
    """Rewrite a variant into the form that :func:`~linkhub_core.model.rules.moment` reads."""
    if spaced := _SPACED.fullmatch(value):
        value = f"{spaced.group(1)}{spaced.group(2)}"
    if zoned := _ZONE.fullmatch(value):
        value, zone = zoned.groups()
        # Without an offset the zone's rules would be needed, and they are not known here.
        if not _ends_with_offset(value) and zone.upper() not in _UTC_NAMES:
            raise RuleBroken(_TIME_FORMS)
    if value[-4:].upper() in (" UTC", " GMT") and not _ends_with_offset(value[:-4]):
        value = value[:-4]
    value = value.upper()
    if "T" not in value[:11] and value[10:11] != " ":
        raise RuleBroken(_TIME_FORMS)
    return value


def _ends_with_offset(value: str) -> bool:
    time_of_day = value[11:]
    return any(_OFFSET.fullmatch(time_of_day[start:]) for start in range(2, len(time_of_day)))


def _since_epoch(number: Decimal) -> datetime:
    if not number.is_finite():
        raise RuleBroken(_TIME_FORMS)
    for limit, microseconds in _UNITS:
        if abs(number) < limit:
            try:
                return _EPOCH + timedelta(microseconds=int(number * microseconds // 1))
            except (OverflowError, ArithmeticError):
                break
    raise RuleBroken("is no time since 1970 in seconds, milliseconds or microseconds")
