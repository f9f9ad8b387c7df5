"""Types in a few words."""

from typing import Any

import pytest

from linkhub_adapters.http.pages.api_docs.schemas import schema_article, type_text


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "string"}, "<span>string</span>"),
        ({"type": "string", "maxLength": 5000}, "<span>string (up to 5,000 characters)</span>"),
        ({"type": ["number", "null"], "minimum": 0}, "<span>number or null (0 or more)</span>"),
        ({"type": "integer", "minimum": 1, "maximum": 50, "default": 20}, "<span>integer (1 to 50, default 20)</span>"),
        ({"type": "string", "pattern": "^[a<]$"}, "<span>string (^[a&lt;]$)</span>"),
        ({"type": "string", "enum": ["a", "b"]}, "<span>string (one of a, b)</span>"),
        ({"$ref": "#/components/schemas/Page"}, '<a href="#schema-Page">Page</a>'),
        (
            {"type": "array", "minItems": 1, "maxItems": 20, "items": {"$ref": "#/components/schemas/Thumbnail"}},
            '<span>array (1 to 20 entries)</span> of <a href="#schema-Thumbnail">Thumbnail</a>',
        ),
    ],
)
def test_type_text(schema: dict[str, Any], expected: str) -> None:
    """The type with its limits; a component is a link to its table."""
    assert type_text(schema) == expected


def test_an_objects_table_names_its_fields() -> None:
    """Each with its type and meaning, and whether it may be missing."""
    schema = {
        "type": "object",
        "description": "A thing.",
        "required": ["a"],
        "properties": {"a": {"type": "string", "description": "First."}, "b": {"type": "boolean"}},
    }
    article = schema_article("Thing", schema)
    assert 'id="schema-Thing"' in article
    assert article.count("<tr>") == 2
    assert article.count("optional") == 1
