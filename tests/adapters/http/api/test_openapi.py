"""The description of the API is true: of the routes, of the model, and of real answers."""

from collections.abc import Iterator
from typing import Any

import attrs
import orjson
import pytest
from httpx2 import AsyncClient
from jsonschema_rs import Draft202012Validator, meta
from starlette.routing import Route

from linkhub_adapters.http import HttpSettings, Probe
from linkhub_adapters.http.api.openapi import describe
from linkhub_core.errors import ServiceUnavailable
from linkhub_core.model import BoundingBox, Caption, DetectedObject, Kind, ProcessingMetadata, Thumbnail, ThumbnailSet
from linkhub_core.ports import DeadLetterQuery
from linkhub_core.testing.builders import an_event, an_outgoing
from linkhub_core.wire import shop_query as catalog
from tests.adapters.http.failing_routes import ROUTES
from tests.adapters.http.http_fixture import HANDLE, PRODUCTS, BrokenProductStore, HttpFixture, product, video_id

DOCUMENT = describe()
PAGE = f"/shop/{HANDLE}/products"
SCHEMAS = DOCUMENT["components"]["schemas"]


def faults_of(component: str, document: Any) -> list[str]:
    """The violations of the schema by a document, each with its place."""
    schema = {"$ref": f"#/components/schemas/{component}", "components": DOCUMENT["components"]}
    validator = Draft202012Validator(schema, validate_formats=True)
    return [f"{error.instance_path}: {error.message}" for error in validator.iter_errors(document)]


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in DOCUMENT["paths"].items():
        for method, operation in item.items():
            yield path, method, operation


def test_each_route_is_described_and_none_is_invented() -> None:
    """Path by path, method by method; HEAD goes with GET."""
    routes = [route for route in HttpFixture().app().routes if isinstance(route, Route)]
    served = {(route.path_format, method) for route in routes for method in (route.methods or set()) - {"HEAD"}}
    assert served == {(path, method.upper()) for path, method, _ in operations()}


def test_other_rooms_routes_are_described_too() -> None:
    """Paths of other routes of the application are added unchanged."""
    item = {"get": {"operationId": "boom", "tags": ["Products"], "summary": "Boom", "responses": {}}}
    assert describe({"/boom": item})["paths"]["/boom"] == item
    assert "/boom" not in DOCUMENT["paths"]


async def test_the_document_is_served(client: AsyncClient) -> None:
    """As JSON, with a tag."""
    answer = await client.get("/openapi.json")
    assert answer.json() == DOCUMENT
    assert answer.headers["content-type"] == "application/json"
    assert (await client.get("/openapi.json", headers={"If-None-Match": answer.headers["etag"]})).status_code == 304


def test_every_reference_leads_somewhere() -> None:
    """To a component of this document, and every component is referred to."""
    referred = set(_references(DOCUMENT))
    there = {f"#/components/{kind}/{name}" for kind in ("schemas", "parameters", "responses")
             for name in DOCUMENT["components"][kind]}  # fmt: skip
    assert referred == there


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"]
        for inner in value.values():
            yield from _references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner)


def test_operations_have_names_tags_and_path_parameters() -> None:
    """Each name once, each tag explained, each placeholder a required parameter."""
    names = [operation["operationId"] for _, _, operation in operations()]
    assert len(set(names)) == len(names)
    tags = {tag["name"] for tag in DOCUMENT["tags"]}
    for path, _, operation in operations():
        assert set(operation["tags"]) <= tags
        parameters = [_parameter(entry["$ref"]) for entry in operation.get("parameters", [])]
        in_path = {entry["name"] for entry in parameters if entry["in"] == "path" and entry["required"]}
        assert in_path == {part[1:-1] for part in path.split("/") if part.startswith("{")}


def _parameter(reference: str) -> dict[str, Any]:
    found: dict[str, Any] = DOCUMENT["components"]["parameters"][reference.rsplit("/", 1)[-1]]
    return found


def test_every_schema_is_a_schema() -> None:
    """Of JSON Schema 2020-12, the dialect of OpenAPI 3.1."""
    for name, schema in SCHEMAS.items():
        assert meta.is_valid(schema), name


@pytest.mark.parametrize(
    ("component", "cls"),
    [
        ("Thumbnail", Thumbnail),
        ("DetectedObject", DetectedObject),
        ("BoundingBox", BoundingBox),
        ("ProcessingMetadata", ProcessingMetadata),
    ],
)
def test_a_schema_has_the_fields_of_the_model(component: str, cls: type[attrs.AttrsInstance]) -> None:
    """No more, no less, and those without a default are required."""
    fields = attrs.fields(cls)
    assert set(SCHEMAS[component]["properties"]) == {field.name for field in fields}
    assert set(SCHEMAS[component].get("required", ())) == {
        field.name for field in fields if field.default is attrs.NOTHING
    }


def test_a_product_has_the_fields_of_both_halves() -> None:
    """And its key, its availability and its two moments."""
    fields: list[attrs.Attribute[Any]] = [*attrs.fields(Caption), *attrs.fields(ThumbnailSet)]
    own = {"seller_handle", "video_id", "created_at", "updated_at"}
    assert set(SCHEMAS["Product"]["properties"]) == own | {"availability"} | {field.name for field in fields}
    assert set(SCHEMAS["Product"]["required"]) == own | {
        field.name for field in fields if field.default is attrs.NOTHING
    }


def test_the_limit_is_the_cores() -> None:
    """From 1 to what the core allows, and its default."""
    schema = DOCUMENT["components"]["parameters"]["limit"]["schema"]
    assert (schema["minimum"], schema["maximum"], schema["default"]) == (1, catalog.MAX_LIMIT, catalog.DEFAULT_LIMIT)


async def test_real_pages_and_products_are_as_described() -> None:
    """Plain ones, the emptiest and the largest that the rules allow."""
    fixture = HttpFixture()
    least = product(2, price=None, sizes=None, tags=[], title="", confidence_score=None, raw_caption=None)
    most = product(3, price=10**12, sizes="x" * 200, tags=["x" * 100] * 100, title="👗" * 500, raw_caption="é" * 5000)
    await fixture.save(product(1), least, most)
    async with fixture.client() as client:
        start = (await client.get(PRODUCTS)).json()["metadata"]["cursor"]
        await fixture.save(product(4))
        for query in ("", "?limit=1", "?since=2026-01-01", "?since=2027-01-01T00:00:00Z", f"?cursor={start}"):
            assert faults_of("Page", (await client.get(PRODUCTS + query)).json()) == []
        for number in (1, 2, 3):
            assert faults_of("Product", (await client.get(f"{PRODUCTS}/{video_id(number)}")).json()) == []


async def test_real_listings_are_as_described() -> None:
    """Before and after a change; the changed product, and the faults of a wrong body."""
    fixture = HttpFixture(settings=HttpSettings(admin_token="t"))
    await fixture.save(product(1))
    address, headers = f"{PRODUCTS}/{video_id(1)}/listing", {"Authorization": "Bearer t"}
    async with fixture.client() as client:
        assert faults_of("Listing", (await client.get(address, headers=headers)).json()) == []
        change = {"availability": "sold_out", "price": 7}
        assert faults_of("ListingChange", change) == []
        assert faults_of("ListingChange", {"availability": None, "title": None, "price": None}) == []
        assert faults_of("ListingChange", {"availability": "gone"}) != []
        assert faults_of("Listing", (await client.patch(address, json=change, headers=headers)).json()) == []
        assert faults_of("Product", (await client.get(f"{PRODUCTS}/{video_id(1)}")).json()) == []
        assert faults_of("Problem", (await client.put(address, json=[], headers=headers)).json()) == []


async def test_real_dead_letters_are_as_described() -> None:
    """A page, one in full, the judgement of a body, changes, the moment that is seen, and a timeline."""
    fixture = HttpFixture(settings=HttpSettings(admin_token="t"))
    await fixture.reject(
        an_outgoing(Kind.CAPTION, video_id="1", price="45k"), an_outgoing(Kind.THUMBNAIL, body="hello")
    )
    desk, kept = "/api/v1/operator", [letter async for letter in fixture.queue.browse(DeadLetterQuery())]
    await fixture.desk.hour.take()
    async with fixture.client() as client:
        client.headers["Authorization"] = "Bearer t"
        assert faults_of("OperatorHistory", (await client.get(f"{desk}/history")).json()) == []
        assert faults_of("StalledHalves", (await client.get(f"{desk}/stalled")).json()) == []
        assert faults_of("DeadLetterPage", (await client.get(f"{desk}/dead-letters?limit=1")).json()) == []
        for letter in kept:
            assert faults_of("DeadLetter", (await client.get(f"{desk}/dead-letters/{letter.letter_id}")).json()) == []
        for body in ("{}", orjson.dumps(an_event(Kind.CAPTION, price="45")).decode()):
            answer = await client.post(f"{desk}/dead-letters/check", json={"queue": "caption", "body": body})
            assert faults_of("BodyCheck", answer.json()) == []
        for change in ("redrive", "purge"):
            for choice in ({"all": True}, {"letter_ids": ["gone"], "dry_run": False}):
                assert faults_of("DeadLetterChoice", choice) == []
                answer = await client.post(f"{desk}/dead-letters/{change}", json=choice)
                assert faults_of("DeadLetterChange", answer.json()) == []
        assert faults_of("Timelines", (await client.get(f"{desk}/why?videoId=1")).json()) == []
        seen = {"at": "2026-01-15T12:00:00Z"}
        assert faults_of("SeenChange", seen) == []
        assert faults_of("Seen", (await client.put(f"{desk}/seen", json=seen)).json()) == []
        assert faults_of("Problem", (await client.put(f"{desk}/seen", json={})).json()) == []


async def test_real_figures_are_as_described(client: AsyncClient) -> None:
    """Stats, health, readiness and the operator's status."""
    assert faults_of("Stats", (await client.get("/api/v1/websocket/stats")).json()) == []
    assert faults_of("Health", (await client.get("/healthz")).json()) == []
    assert faults_of("Readiness", (await client.get("/readyz")).json()) == []
    assert faults_of("OperatorStatus", (await client.get("/api/v1/operator/status")).json()) == []


async def test_a_real_unreadiness_is_as_described() -> None:
    """With a check that failed, and while draining."""

    async def refuses() -> None:
        raise ServiceUnavailable("sqs", "no")

    fixture = HttpFixture(probes=[Probe(name="queues", check=refuses)])
    async with fixture.client() as client:
        assert faults_of("Readiness", (await client.get("/readyz")).json()) == []
        fixture.is_draining = True
        assert faults_of("Readiness", (await client.get("/readyz")).json()) == []


async def test_real_problems_are_as_described() -> None:
    """Of every status that this room answers."""
    settings = HttpSettings(admin_token="t")
    fixture = HttpFixture(settings=settings, extra_routes=ROUTES)
    seen = []
    async with fixture.client() as client:
        for address in (f"{PRODUCTS}?limit=0", f"{PRODUCTS}/9", "/nothing", "/metrics", "/boom", "/refuse/413"):
            answer = await client.get(address)
            seen.append(answer.status_code)
            assert faults_of("Problem", answer.json()) == []
        answer = await client.delete(PRODUCTS)
        seen.append(answer.status_code)
        assert faults_of("Problem", answer.json()) == []
    async with HttpFixture(store=BrokenProductStore(error=ServiceUnavailable("x", "y"))).client() as client:
        answer = await client.get(PRODUCTS)
        seen.append(answer.status_code)
        assert faults_of("Problem", answer.json()) == []
    assert seen == [400, 404, 404, 401, 500, 413, 405, 503]


ANSWERS = [
    ("/api/v1/shop/{handle}/products", {PRODUCTS: 200, f"{PRODUCTS}?limit=0": 400}),
    ("/api/v1/shop/{handle}/products/{videoId}",
     {f"{PRODUCTS}/{video_id(1)}": 200, f"{PRODUCTS}/a.b": 400, f"{PRODUCTS}/9": 404}),
    ("/api/v1/shop/{handle}/products/{videoId}/listing",
     {f"{PRODUCTS}/{video_id(1)}/listing": 200, f"{PRODUCTS}/a.b/listing": 400, f"{PRODUCTS}/9/listing": 404}),
    ("/api/v1/shops", {"/api/v1/shops": 200, "/api/v1/shops?limit=0": 400}),
    ("/api/v1/websocket/stats", {"/api/v1/websocket/stats": 200}),
    ("/api/v1/operator/status", {"/api/v1/operator/status": 200}),
    ("/api/v1/operator/history", {"/api/v1/operator/history": 200}),
    ("/api/v1/operator/seen", {}),
    ("/api/v1/operator/dead-letters",
     {"/api/v1/operator/dead-letters": 200, "/api/v1/operator/dead-letters?limit=0": 400}),
    ("/api/v1/operator/dead-letters/check", {}),
    ("/api/v1/operator/dead-letters/redrive", {}),
    ("/api/v1/operator/dead-letters/purge", {}),
    ("/api/v1/operator/dead-letters/{letterId}",
     {"/api/v1/operator/dead-letters/9": 404, "/api/v1/operator/dead-letters/9?as=x": 400}),
    ("/api/v1/operator/stalled", {"/api/v1/operator/stalled": 200}),
    ("/api/v1/operator/why", {"/api/v1/operator/why?videoId=9": 200, "/api/v1/operator/why": 400}),
    ("/healthz", {"/healthz": 200}),
    ("/readyz", {"/readyz": 200}),
    ("/metrics", {"/metrics": 200}),
    ("/openapi.json", {"/openapi.json": 200}),
    ("/api/docs", {"/api/docs": 200}),
    ("/runbook", {"/runbook": 200}),
    ("/", {"/": 200}),
    ("/shop/{handle}", {"/shop/x": 200, "/shop/a%20b": 404}),
    ("/shop/{handle}/products/{videoId}", {f"{PAGE}/{video_id(1)}": 200, f"{PAGE}/x": 404}),
    ("/shop/{handle}/feed.xml", {f"/shop/{HANDLE}/feed.xml": 404}),
    ("/shop/{handle}/sitemap.xml", {f"/shop/{HANDLE}/sitemap.xml": 404}),
    ("/sitemap.xml", {"/sitemap.xml": 404}),
    ("/robots.txt", {"/robots.txt": 200}),
    ("/assets/{name}", {"/assets/theme.css": 200, "/assets/x": 404}),
    ("/assets/{release}/{name}", {"/assets/0/theme.css": 200, "/assets/0/x": 404}),
]  # fmt: skip


def described(path: str, status: int) -> dict[str, Any]:
    """The response of that status as the document has it."""
    entry: dict[str, Any] = DOCUMENT["paths"][path]["get"]["responses"][str(status)]
    if "$ref" in entry:
        entry = DOCUMENT["components"]["responses"][entry["$ref"].rsplit("/", 1)[-1]]
    return entry


@pytest.mark.parametrize(("path", "answers"), ANSWERS)
async def test_every_answer_is_described(client: AsyncClient, path: str, answers: dict[str, int]) -> None:
    """Each status that an address answers, its media type, its tag; and a 304 wherever there is a tag."""
    for address, status in answers.items():
        answer = await client.get(address)
        assert answer.status_code == status
        response = described(path, status)
        media_type = answer.headers["content-type"].partition(";")[0]
        assert media_type in response["content"] or "*/*" in response["content"]
        assert ("etag" in answer.headers) == ("ETag" in response.get("headers", {}))
        if "etag" in answer.headers:
            again = await client.get(address, headers={"If-None-Match": answer.headers["etag"]})
            assert "ETag" in described(path, again.status_code)["headers"]


@pytest.mark.parametrize("error", [ServiceUnavailable("x", "y"), OSError()])
async def test_every_failure_is_described(error: Exception) -> None:
    """Of the store that both product routes read; with the header that a client should heed."""
    async with HttpFixture(store=BrokenProductStore(error=error)).client() as client:
        for path, answers in ANSWERS[:2]:
            answer = await client.get(next(iter(answers)))
            response = described(path, answer.status_code)
            assert ("retry-after" in answer.headers) == ("Retry-After" in response.get("headers", {}))


def test_every_path_is_in_the_table_above() -> None:
    """So that a new one is held against its description, too."""
    assert [path for path, _ in ANSWERS] == list(DOCUMENT["paths"])


async def test_the_validator_can_say_no(client: AsyncClient) -> None:
    """The tests above would fail: a missing field, a wrong type, a broken limit."""
    body = (await client.get(PRODUCTS)).json()
    changes: list[dict[str, Any]] = [
        {"title": None},
        {"tags": "dress"},
        {"thumbnails": []},
        {"video_id": "a b"},
        {"created_at": "now"},
    ]
    for change in changes:
        broken = orjson.loads(orjson.dumps(body))
        broken["products"][0] |= change
        with pytest.raises(AssertionError):
            assert faults_of("Page", broken) == []
