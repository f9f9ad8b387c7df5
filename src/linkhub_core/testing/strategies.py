"""Hypothesis strategies of all valid values, derived from the rules of the model."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, cast

from hypothesis import strategies as st

from linkhub_core.model import Caption, Content, Half, Kind, ProductKey, ThumbnailSet, Version
from linkhub_core.model.fields import FieldFacts, facts_of
from linkhub_core.model.rules import FieldRule, Number, ValueKind
from linkhub_core.wire.codec import digest_of, encode_event

_ODD_TEXTS = [
    "",
    " ",
    "👩🏽‍🦱👗",
    "فستان صيفي",
    "שמלה",
    "<img onerror=alert(1)>",
    "e\u0301",
    "\u202e",
    "\x01\x1f",
    '"\\',
    "\n\t",
]
_ODD_NUMBERS = [0, 1, -0.0, 0.1, 1e308, 5e-324, 1.7976931348623157e308, 2**53, 2**53 - 1, 1e126, 1e-131, 0.1 + 0.2]


def texts(most: int) -> st.SearchStrategy[str]:
    """Texts of up to ``most`` characters in any script, without NUL and lone surrogates."""
    alphabet = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
    odd = [text for text in _ODD_TEXTS if len(text) <= most]
    return st.sampled_from(odd) | st.text(alphabet, max_size=min(most, 40)) | st.just("ü" * min(most, 500))


def numbers(least: float | None = None) -> st.SearchStrategy[Number]:
    """Finite integers and fractions, from tiny to huge."""
    odd = [number for number in _ODD_NUMBERS if least is None or number >= least]
    return st.sampled_from(odd) | st.floats(min_value=least, allow_nan=False, allow_infinity=False)


def keys() -> st.SearchStrategy[ProductKey]:
    """Keys of products, the longest ones included."""
    return model_values(ProductKey)


def values_of(rule: FieldRule[Any]) -> st.SearchStrategy[Any]:
    """Values that a rule allows, up to the limits in its schema."""
    schema = rule.schema
    least, most = schema.get("minimum"), schema.get("maximum")
    longest = schema.get("maxLength", 60)
    kinds: dict[ValueKind, Callable[[], st.SearchStrategy[Any]]] = {
        ValueKind.TEXT: lambda: texts(longest) if "pattern" not in schema else texts(longest).filter(str.strip),
        ValueKind.TEXTS: lambda: (st.lists(texts(schema["items"]["maxLength"]), max_size=5)).map(tuple),
        ValueKind.IDENTIFIER: lambda: st.from_regex(schema["pattern"].replace("$", r"\Z"), fullmatch=True),
        ValueKind.URL: lambda: st.text(_IN_URL, max_size=40).map("https://cdn.example.com/".__add__),
        ValueKind.NUMBER: lambda: numbers(least),
        ValueKind.INTEGER: lambda: st.integers(least, most),
        ValueKind.MONEY: lambda: st.decimals(least, most, places=6, allow_nan=False, allow_infinity=False),
        ValueKind.FLAG: st.booleans,
        ValueKind.CHOICE: lambda: st.sampled_from(schema["enum"]),
        ValueKind.TIME: moments,
    }
    values = kinds[rule.kind]()
    return st.none() | values if rule.nullable else values


_IN_URL = st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"])


def model_values(cls: type[Any]) -> st.SearchStrategy[Any]:
    """Values of a class of the model."""
    return st.builds(cls, **{facts.name: _field(facts) for facts in facts_of(cls)})


def _field(facts: FieldFacts) -> st.SearchStrategy[Any]:
    if facts.rule is not None:
        return values_of(facts.rule)
    inner = model_values(cast(type[Any], facts.nested))
    if not facts.is_list:
        return inner
    few = st.lists(inner, min_size=facts.least, max_size=facts.least + 2).map(tuple)
    # Multiplied after it was drawn: a strategy that holds a hundred values has a repr that Hypothesis warns of.
    most = facts.most or 0
    several = few | st.just((_bare(cast(type[Any], facts.nested)),)).map(lambda one: one * most) if most else few
    return several if facts.essential else st.none() | several


def _bare(cls: type[Any]) -> Any:
    """A value of a class with only its essential fields, from their examples."""
    return cls(**{facts.name: facts.example for facts in facts_of(cls) if facts.essential})


def captions() -> st.SearchStrategy[Caption]:
    """Captions."""
    return model_values(Caption)


def thumbnail_sets() -> st.SearchStrategy[ThumbnailSet]:
    """Thumbnail sets of one to a few pictures, and of as many as there may be."""
    return model_values(ThumbnailSet)


def contents() -> st.SearchStrategy[Content]:
    """Either half's content."""
    return captions() | thumbnail_sets()


def moments() -> st.SearchStrategy[datetime]:
    """Moments in UTC from the year 2000 to 9999."""
    return st.datetimes(min_value=datetime(2000, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  Hypothesis wants it so


def halves(kind: Kind | None = None, key: ProductKey | None = None) -> st.SearchStrategy[Half]:
    """Halves of ``kind`` (or any), of ``key`` (or any)."""
    content: st.SearchStrategy[Content] = (
        contents() if kind is None else captions() if kind is Kind.CAPTION else thumbnail_sets()
    )
    whose = keys() if key is None else st.just(key)
    return st.builds(_half, whose, moments(), content)


def _half(key: ProductKey, moment: datetime, content: Content) -> Half:
    return Half(key=key, version=Version.at(moment, digest_of(content)), content=content)


def event_bodies() -> st.SearchStrategy[tuple[Kind, str]]:
    """A queue and what may lie there: sound events, events cut short or of the other kind, and any text at all.

    Lone surrogates and NUL are among the texts.
    """
    sound = halves().map(lambda half: (half.kind, encode_event(half).decode()))
    cut = st.tuples(sound, st.integers(0, 200)).map(lambda made: (made[0][0], made[0][1][: made[1]]))
    astray = sound.map(lambda made: (made[0].partner, made[1]))
    anything = st.tuples(st.sampled_from(Kind), st.text(st.characters(), max_size=60))
    return sound | cut | astray | anything
