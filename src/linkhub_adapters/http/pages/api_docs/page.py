"""The documentation's page: introduction, first steps, each operation, each schema, each problem.

Semantic HTML without a script; its looks are in ``api-docs.css``, its colours and type in the pages' ``theme.css``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from linkhub_adapters.http.api.problems import KINDS
from linkhub_adapters.http.pages.api_docs.curl import FIRST_STEPS, curl_for
from linkhub_adapters.http.pages.api_docs.markup import Markup, element, prose
from linkhub_adapters.http.pages.api_docs.schemas import schema_article, type_text

__all__ = ["render"]


def render(document: Mapping[str, Any]) -> str:
    """Make the page for an OpenAPI document of the form that :mod:`~linkhub_adapters.http.api.openapi` writes."""
    info = document["info"]
    body = element(
        "body",
        element("a", "Skip to the operations", class_="skip", href="#operations"),
        _masthead(info),
        element("div", _contents(document), _main(document), class_="columns"),
    )
    return f'<!doctype html>\n<html lang="en">{_head(info["title"])}{body}</html>\n'


def _head(title: str) -> Markup:
    return Markup(
        '<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"{element('title', f'{title} API')}"
        '<link rel="icon" href="/assets/favicon.svg" type="image/svg+xml">'
        '<link rel="stylesheet" href="/assets/theme.css"><link rel="stylesheet" href="/assets/api-docs.css"></head>'
    )


def _masthead(info: Mapping[str, Any]) -> Markup:
    return element(
        "header",
        element("h1", info["title"], " ", element("span", "API", class_="soft")),
        element("p", info["summary"], class_="lead"),
        element("p", f"Version {info['version']}. ", element("a", "OpenAPI document", href="/openapi.json")),
        class_="masthead",
    )


def _operations(document: Mapping[str, Any], tag: str) -> list[tuple[str, str, Mapping[str, Any]]]:
    return [
        (method, path, operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if tag in operation["tags"]
    ]


def _contents(document: Mapping[str, Any]) -> Markup:
    groups = [_link("First steps", "first-steps")]
    for tag in document["tags"]:
        links = [
            element("li", element("a", operation["summary"], href=f"#{operation['operationId']}"))
            for _, _, operation in _operations(document, tag["name"])
        ]
        groups.append(element("li", element("span", tag["name"], class_="group"), element("ul", *links)))
    groups += [_link("Schemas", "schemas"), _link("Problems", "problems")]
    return element("nav", element("ul", *groups), class_="contents", aria_label="Contents")


def _link(text: str, anchor: str) -> Markup:
    return element("li", element("a", text, class_="group", href=f"#{anchor}"))


def _main(document: Mapping[str, Any]) -> Markup:
    return element(
        "main",
        element("p", prose(document["info"]["description"]), class_="intro"),
        _first_steps(),
        element("div", *(_group(document, tag) for tag in document["tags"]), id="operations", tabindex="-1"),
        _schemas(document),
        _problems(),
    )


def _first_steps() -> Markup:
    steps = [element("li", element("p", prose(text)), _shell(command)) for text, command in FIRST_STEPS]
    return element("section", element("h2", "First steps"), element("ol", *steps, class_="steps"), id="first-steps")


def _shell(command: str) -> Markup:
    return element("pre", element("code", command), tabindex="0")


def _group(document: Mapping[str, Any], tag: Mapping[str, str]) -> Markup:
    articles = [_operation(document, *found) for found in _operations(document, tag["name"])]
    return element("section", element("h2", tag["name"]), element("p", tag["description"]), *articles)


def _operation(document: Mapping[str, Any], method: str, path: str, operation: Mapping[str, Any]) -> Markup:
    parameters = [_resolved(document, entry) for entry in operation.get("parameters", [])]
    return element(
        "article",
        element("h3", operation["summary"]),
        element("p", element("span", method.upper(), class_="method"), " ", element("code", path), class_="address"),
        *([element("p", prose(operation["description"]))] if "description" in operation else []),
        _parameter_table(parameters),
        _response_table(document, operation["responses"]),
        _shell(curl_for(method, path, with_token="security" in operation, parameters=parameters)),
        class_="operation",
        id=operation["operationId"],
    )


def _resolved(document: Mapping[str, Any], entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """Follow a reference within the document, where it is one."""
    if "$ref" not in entry:
        return entry
    found: Any = document
    for step in entry["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    resolved: Mapping[str, Any] = found
    return resolved


def _parameter_table(parameters: list[Mapping[str, Any]]) -> Markup:
    rows = [
        element(
            "tr",
            element("th", element("code", entry["name"]), scope="row"),
            element("td", "required" if entry["required"] else "optional", f", in the {entry['in']}"),
            element("td", type_text(entry["schema"])),
            element("td", prose(entry["description"])),
        )
        for entry in parameters
    ]
    return _table("Parameters", ["Name", "Where", "Type", "Meaning"], rows)


def _response_table(document: Mapping[str, Any], responses: Mapping[str, Any]) -> Markup:
    rows = []
    for status, entry in responses.items():
        response = _resolved(document, entry)
        kinds = [
            Markup(f"{element('code', media_type)} {type_text(content['schema'])}")
            for media_type, content in response.get("content", {}).items()
        ]
        rows.append(
            element(
                "tr",
                element("th", status, scope="row"),
                element("td", *kinds),
                element("td", prose(response["description"])),
            )
        )
    return _table("Answers", ["Status", "Body", "Meaning"], rows)


def _table(caption: str, columns: list[str], rows: list[Markup]) -> Markup:
    if not rows:
        return Markup("")
    head = element("thead", element("tr", *(element("th", column, scope="col") for column in columns)))
    table = element("table", element("caption", caption), head, element("tbody", *rows))
    return element("div", table, class_="scroll")


def _schemas(document: Mapping[str, Any]) -> Markup:
    articles = [schema_article(name, schema) for name, schema in document["components"]["schemas"].items()]
    return element("section", element("h2", "Schemas"), *articles, id="schemas")


def _problems() -> Markup:
    said = (
        "Every error is a problem document. Its `type` is `about:blank` where the status says it all, or one of these."
    )
    entries = [
        element(
            "article",
            element("h3", kind.title, " ", element("span", str(kind.status), class_="soft")),
            element("p", prose(kind.meaning)),
            class_="problem",
            id=kind.anchor,
        )
        for kind in KINDS
    ]
    return element("section", element("h2", "Problems"), element("p", prose(said)), *entries, id="problems")
