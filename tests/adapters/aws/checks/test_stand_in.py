"""A server in place of DynamoDB that cannot run statements is recognised; one that can is not blamed."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from linkhub_adapters.aws.checks import Advice
from linkhub_adapters.aws.checks.account_check import BRIEF
from linkhub_adapters.aws.checks.stand_in import is_stand_in, lacking_result, statements_of, try_statements
from linkhub_adapters.aws.client.calls import AwsCalls
from linkhub_adapters.aws.client.clients import AwsClients
from linkhub_adapters.aws.resources import staging_table
from linkhub_core.ports.finding import Verdict
from tests.adapters.aws.checks.aws_setup import AwsSetup, problems
from tests.support.faults import Fault, inject

pytestmark = pytest.mark.aws


class _LikeMoto(BaseHTTPRequestHandler):
    """Answers each batch of statements with HTTP 500 and a page of HTML, as moto's server does."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        page = b"<!doctype html>\n<title>500 Internal Server Error</title>"
        self.send_response(500)
        self.send_header("content-type", "text/html")
        self.send_header("content-length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, *_: Any) -> None:
        """Print nothing."""


@pytest.fixture
def like_moto() -> Iterator[str]:
    """The address of such a server."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _LikeMoto) as server:
        serving = threading.Thread(target=server.serve_forever, daemon=True)
        serving.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        serving.join()


async def test_a_server_like_motos(like_moto: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each sort of statement is named with the status; the finding says what can."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with AwsClients(region="us-east-1", endpoint_url=like_moto, config=BRIEF) as clients:
        calls = AwsCalls(service="DynamoDB", executor=clients.executor)
        lacking = await try_statements(clients.dynamodb, calls, staging_table("staging"))
    assert lacking == dict.fromkeys(("INSERT", "UPDATE", "DELETE"), "HTTP 500")
    result = lacking_result("table staging", like_moto, lacking)
    assert result.verdict is Verdict.FAULT
    assert "INSERT (HTTP 500)" in result.seen
    assert "<" not in result.seen
    assert result.advice is Advice.REPLACE_SERVER


async def test_doctor_says_so_instead_of_not_checked(aws_setup: AwsSetup) -> None:
    """Both tables are at fault."""
    aws_setup.break_it = lambda clients: inject(
        clients.dynamodb, Fault.server_error(operation="BatchExecuteStatement", times=99)
    )
    findings = problems(await aws_setup.examine())
    assert [(finding.verdict, finding.subject) for finding in findings] == [
        (Verdict.FAULT, f"table {aws_setup.name}-products"),
        (Verdict.FAULT, f"table {aws_setup.name}-staging"),
    ]
    assert all("cannot do what linkhub needs" in finding.seen for finding in findings)


async def test_dynamodb_local_can_and_nothing_is_written(aws_setup: AwsSetup) -> None:
    """Each statement is refused, and the table stays empty."""
    assert problems(await aws_setup.examine()) == []
    assert aws_setup.dynamodb.scan(TableName=f"{aws_setup.name}-staging")["Count"] == 0


@pytest.mark.parametrize(
    ("endpoint_url", "expected"),
    [
        ("https://dynamodb.eu-west-1.amazonaws.com", False),
        ("https://dynamodb.cn-north-1.amazonaws.com.cn", False),
        ("https://dynamodb.eu-west-1.api.aws", False),
        ("http://localhost:8000", True),
        ("https://dynamodb.amazonaws.com.shop.example", True),
    ],
)
def test_aws_itself_is_not_tried(endpoint_url: str, expected: bool) -> None:
    """Its names are known; any other host is a server in its place."""
    assert is_stand_in(endpoint_url) is expected


def test_no_statement_can_change_anything() -> None:
    """The INSERT names half of a key, the others a key that no item of linkhub's can have."""
    for statement in statements_of(staging_table("staging")).values():
        assert "linkhub:doctor:" in json.dumps(statement["Parameters"])
    assert "seller_handle" not in statements_of(staging_table("staging"))["INSERT"]["Statement"]
