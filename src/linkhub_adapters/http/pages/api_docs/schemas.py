"""The schemas of the API in words: a type in a few characters, an object as a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from linkhub_adapters.http.pages.api_docs.markup import Markup, element, prose

__all__ = ["schema_article", "type_text"]


def type_text(schema: Mapping[str, Any]) -> Markup:
    """The type with its limits, such as ``list (1 to 20) of Thumbnail``; a component is a link."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        return element("a", name, href=f"#schema-{name}")
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    limits = ", ".join(_limits(schema))
    written = " or ".join(kinds) + (f" ({limits})" if limits else "")
    if "array" in kinds:
        return Markup(f"{element('span', written)} of {type_text(schema['items'])}")
    return element("span", written)


def _limits(schema: Mapping[str, Any]) -> list[str]:
    found = []
    for least, most, unit in [
        ("minimum", "maximum", ""),
        ("minItems", "maxItems", " entries"),
        ("minLength", "maxLength", " characters"),
    ]:
        low, high = schema.get(least), schema.get(most)
        if low is not None and high is not None:
            found.append(f"{low:,} to {high:,}{unit}")
        elif low is not None:
            found.append(f"{low:,} or more{unit}")
        elif high is not None:
            found.append(f"up to {high:,}{unit}")
    found += [schema[name] for name in ("format", "pattern") if name in schema]
    found += [f"one of {', '.join(schema['enum'])}"] if "enum" in schema else []
    found += [f"default {schema['default']}"] if "default" in schema else []
    return found


def schema_article(name: str, schema: Mapping[str, Any]) -> Markup:
    """One object: its fields, folded away until somebody wants them."""
    required = schema.get("required", [])
    rows = [
        element(
            "tr",
            element("th", element("code", field), scope="row"),
            element("td", type_text(inner)),
            element("td", "" if field in required else "optional"),
            element("td", prose(inner.get("description", ""))),
        )
        for field, inner in schema["properties"].items()
    ]
    table = element("div", element("table", element("tbody", *rows)), class_="scroll")
    summary = element("summary", element("h3", name), " ", element("span", schema["description"], class_="soft"))
    return element("details", summary, table, class_="schema", id=f"schema-{name}", open="")
