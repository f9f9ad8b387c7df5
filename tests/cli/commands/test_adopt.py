"""``linkhub adopt``: what it prints, and how it ends; what it does is tested where it is done."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest
from attrs import frozen
from click.testing import Result

from linkhub_core.model import Kind
from tests.adapters.aws.queue_fixture import QueueFixture
from tests.adapters.aws.table_fixture import TableFixture, open_tables
from tests.cli.conftest import CAPTION, Terminal
from tests.support import aws, foreign_rows
from tests.support.foreign_rows import UNREADABLE_PRODUCT, UNREADABLE_ROW, video

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_sqs import SQSClient


@frozen
class ForeignTables:
    """A terminal on tables that another service filled, with the settings of that service."""

    terminal: Terminal
    tables: TableFixture
    leads: dict[str, str]

    def run(self, *arguments: str) -> Result:
        """Run linkhub."""
        return self.terminal.run(*arguments, **self.leads)


@pytest.fixture
def foreign(
    terminal: Terminal,
    dynamodb_endpoint: str,
    sqs_sns_endpoint: str,
    make_dynamodb_client: Callable[[], DynamoDBClient],
    make_sqs_client: Callable[[], SQSClient],
) -> Iterator[ForeignTables]:
    """Neither table has an index, and nothing names the backend."""
    queues = QueueFixture.create(make_sqs_client(), shares_dead_letters=True)
    with open_tables(make_dynamodb_client(), has_index=False) as tables:
        foreign_rows.put(tables.dynamodb, tables.products.name, *foreign_rows.foreign_products())
        foreign_rows.put(tables.dynamodb, tables.staging.name, *foreign_rows.foreign_staging())
        leads = {
            **aws.environment(dynamodb_endpoint=dynamodb_endpoint, sqs_sns_endpoint=sqs_sns_endpoint),
            "LINKHUB_BACKEND": "",
            "SQS_CAPTION_QUEUE_URL": queues.queues[Kind.CAPTION].url,
            "SQS_THUMBNAIL_QUEUE_URL": queues.queues[Kind.THUMBNAIL].url,
            "DYNAMODB_PRODUCTS_TABLE": tables.products.name,
            "DYNAMODB_STAGING_TABLE": tables.staging.name,
        }
        yield ForeignTables(terminal, tables, leads)
    asyncio.run(queues.close())


@pytest.mark.aws
def test_a_dry_run_counts_and_shows_examples(foreign: ForeignTables) -> None:
    """What there is to adopt on standard output, what cannot be read on standard error, and the next step."""
    result = foreign.run("adopt")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == "3 products without a revision"
    assert f"  for example nalu-fashion/{video(1)}, 2026-01-10T08:00:00.000Z: Kept 1" in lines
    assert "2 halves that wait, 1 row with both" in lines
    assert f"  for example nalu-fashion/{video(7)}, 2026-01-14T08:00:02.000Z: caption and thumbnail" in lines
    assert lines[-1] == "nothing was changed: stop the other service's consumers, then add --yes to do it"
    assert [one in result.stderr for one in (UNREADABLE_PRODUCT, UNREADABLE_ROW)] == [True, True]


@pytest.mark.aws
def test_with_yes_all_is_adopted_and_listed_as_linkhubs(foreign: ForeignTables) -> None:
    """The exit code says that rows were left; a second run has nothing to do; the commands show what there is."""
    listed = foreign.run("staging", "list", "--json").stdout.splitlines()
    assert sorted((json.loads(line)["video_id"], json.loads(line)["has"]) for line in listed) == [
        (video(5), "caption"),
        (video(6), "thumbnail"),
        (video(7), "caption"),
        (video(7), "thumbnail"),
    ]
    done = foreign.run("adopt", "--yes")
    assert done.exit_code == 1
    assert "adopted 3 products and 2 halves; 1 row joined or folded into products" in done.stdout
    again = foreign.run("adopt", "--yes", "--json")
    assert json.loads(again.stdout)["products"] == 0
    assert len(foreign.run("export").stdout.splitlines()) == 4


def test_where_there_is_nothing_to_adopt(terminal: Terminal) -> None:
    """The embedded file holds no row of another service."""
    terminal.publish(CAPTION)
    terminal.consume()
    result = terminal.run("adopt", "--yes")
    assert (result.exit_code, result.stdout) == (0, "no row of another service\n")


@pytest.mark.aws
def test_doctor_names_what_it_finds_in_such_tables(foreign: ForeignTables) -> None:
    """The backend and its reason, the layout of the dead letters, the counts, and each row that cannot be read."""
    result = foreign.run("doctor", "--json")
    found: dict[str, list[str]] = {}
    for finding in map(json.loads, result.stdout.splitlines()):
        found.setdefault(finding["subject"], []).append(finding["seen"])
    assert found["backend"] == ["aws, because SQS_CAPTION_QUEUE_URL is set and LINKHUB_BACKEND is not"]
    assert "both queues share" in found["dead letters"][0]
    counted, *named = found["rows"]
    assert counted == "3 products and 3 staging rows of another service"
    assert [UNREADABLE_PRODUCT in named[0], UNREADABLE_ROW in named[1]] == [True, True]
