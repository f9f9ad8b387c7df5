"""Tables that another service filled, under real processes: shown, improved, joined, and adopted meanwhile."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from attrs import evolve

from linkhub_adapters.aws.resources import products_table
from tests.e2e.deployment import Deployment
from tests.support import foreign_rows
from tests.support.aws import dynamodb_client
from tests.support.foreign_rows import READABLE_PRODUCTS, SELLER, UNREADABLE_PRODUCT, UNREADABLE_ROW, video
from tests.support.processes import Process

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

pytestmark = [pytest.mark.e2e, pytest.mark.aws]

_SHOP = f"/api/v1/shop/{SELLER}/products"


def _fill(dynamodb: DynamoDBClient, settings: Mapping[str, str]) -> None:
    """Make the products table as another service does, without linkhub's index, and fill both tables."""
    name = settings["DYNAMODB_PRODUCTS_TABLE"]
    dynamodb.delete_table(TableName=name)
    definition: Any = evolve(products_table(name), index_name=None, indexed_by=None).definition
    dynamodb.create_table(**definition)
    foreign_rows.put(dynamodb, settings["DYNAMODB_PRODUCTS_TABLE"], *foreign_rows.foreign_products())
    foreign_rows.put(dynamodb, settings["DYNAMODB_STAGING_TABLE"], *foreign_rows.foreign_staging())


def _products(dynamodb: DynamoDBClient, settings: Mapping[str, str]) -> dict[str, Any]:
    """The items of the products table as they are stored, by video."""
    items = dynamodb.scan(TableName=settings["DYNAMODB_PRODUCTS_TABLE"], ConsistentRead=True)["Items"]
    return {item["video_id"]["S"]: item for item in items}


def _publish(deployment: Deployment, tmp_path: Path, *events: dict[str, Any]) -> None:
    file = tmp_path / "events.jsonl"
    file.write_text("".join(f"{json.dumps(event)}\n" for event in events), encoding="utf-8")
    deployment.run("publish", str(file))


def _caption(number: int) -> dict[str, Any]:
    return {
        "video_id": video(number),
        "seller_handle": SELLER,
        "title": f"New {number}",
        "price": 1,
        "sizes": None,
        "tags": [],
        "timestamp": "2026-01-20T08:00:00.000Z",
    }


def _thumbnails(number: int) -> dict[str, Any]:
    row = next(row for row in foreign_rows.foreign_staging() if "thumbnail_data" in row)
    data: dict[str, Any] = json.loads(json.dumps(row["thumbnail_data"], default=float))
    return data | {"video_id": video(number)}


def _events(viewer: Process) -> dict[str, tuple[str, int]]:
    """The events that a client has seen: their type and revision, by video."""
    events = [json.loads(line) for line in viewer.stdout_lines]
    return {event["product"]["video_id"]: (event["event_type"], event["revision"]) for event in events}


def test_tables_of_another_service(
    make_deployment: Callable[..., Deployment], tmp_path: Path, dynamodb_endpoint: str
) -> None:
    """A page, ``since``, events, ``why`` and ``export`` are what they would be on tables that linkhub filled."""
    deployment = make_deployment(is_fifo=False, has_topic=True)
    with closing(dynamodb_client(dynamodb_endpoint)) as dynamodb:
        _fill(dynamodb, deployment.elsewhere)
        before = _products(dynamodb, deployment.elsewhere)
        assert len(deployment.run("export", exit_code=1).splitlines()) == 3
        plan = json.loads(deployment.run("adopt", "--json"))
        assert (plan["products"], plan["halves"], plan["pairs"], plan["unreadable"]) == (3, 2, 1, 2)
        assert _products(dynamodb, deployment.elsewhere) == before

        server, url = deployment.serve()
        with server, httpx2.Client(base_url=url, trust_env=False) as client:
            _look(client)
            with _watch(deployment, url) as viewer, deployment.consume() as consumer:
                _publish(deployment, tmp_path, _caption(1), _thumbnails(5), _caption(4))
                _see_events(deployment, viewer, consumer)
                _adopt(deployment, dynamodb, before)
                assert consumer.terminate() == 0
            page = client.get(_SHOP).json()["products"]
            assert [product["video_id"] for product in page] == [video(7), video(5), *READABLE_PRODUCTS]
            assert _states(deployment, video(1), UNREADABLE_PRODUCT) == ["announced", "unreadable"]
            assert server.terminate() == 0
        named = [line for line in server.stderr_lines if '"event":"row_skipped"' in line]
        assert sum(UNREADABLE_PRODUCT in line for line in named) == 1


def _look(client: httpx2.Client) -> None:
    """The rows as they were found."""
    page = client.get(_SHOP).json()["products"]
    assert [product["video_id"] for product in page] == READABLE_PRODUCTS
    assert page[-1]["thumbnails"][0]["detected_objects"][0]["class_name"] == "person"
    since = client.get(_SHOP, params={"since": "2026-01-11T00:00:00Z"}).json()["products"]
    assert [product["video_id"] for product in since] == [video(3), video(2)]
    assert client.get(f"{_SHOP}/{video(1)}").json() == page[-1]
    assert client.get(f"{_SHOP}/{UNREADABLE_PRODUCT}").status_code == 500
    assert client.get(_SHOP).status_code == 200


def _watch(deployment: Deployment, url: str) -> Process:
    viewer = deployment.start("watch", SELLER, "--url", url, "--count", "3", "--json")
    viewer.wait_for_line("Subscribed")
    return viewer


def _see_events(deployment: Deployment, viewer: Process, consumer: Process) -> None:
    """The first sweep joins both halves of a row; messages bring an update, a partner, and a half for a broken row."""
    assert viewer.wait(timeout_seconds=30) == 0
    assert _events(viewer) == {
        video(1): ("product_updated", 1),
        video(5): ("new_product", 1),
        video(7): ("new_product", 1),
    }
    deployment.wait_until_settled(consumer)
    letters = [json.loads(line) for line in deployment.run("dead-letters", "list", "--json").splitlines()]
    assert [UNREADABLE_PRODUCT in letter["reason"] for letter in letters] == [True]


def _adopt(deployment: Deployment, dynamodb: DynamoDBClient, before: Mapping[str, Any]) -> None:
    """Beside the running consumer: attributes are added, and none is changed."""
    done = json.loads(deployment.run("adopt", "--yes", "--json", exit_code=1))
    assert done["adopted"] == {"products": 2, "halves": 1, "joined": 0}
    assert sorted(UNREADABLE_PRODUCT in row or UNREADABLE_ROW in row for row in done["left"]) == [True, True]
    after = _products(dynamodb, deployment.elsewhere)
    for number in (2, 3, 4):
        assert before[video(number)].items() <= after[video(number)].items()
    assert set(after[video(2)]) - set(before[video(2)]) == {
        "caption_version",
        "thumbnails_version",
        "revision",
        "shown",
        "stamp",
    }


def _states(deployment: Deployment, *videos: str) -> list[str]:
    return [json.loads(deployment.run("why", video_id, "--seller", SELLER, "--json"))["state"] for video_id in videos]
