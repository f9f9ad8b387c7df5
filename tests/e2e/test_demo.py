"""The demonstration, and somebody who watches it from another terminal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.e2e.deployment import Deployment
from tests.support.processes import Process

pytestmark = pytest.mark.e2e


def _get(url: str, token: str = "") -> Any:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return httpx2.get(url, headers=headers, timeout=30, trust_env=False).raise_for_status().json()


def _watch(deployment: Deployment, url: str) -> Process:
    return deployment.start("watch", "nalu-fashion", "--url", url, "--count", "3", "--json")


def test_demo_and_watch(deployment: Deployment, tmp_path: Path) -> None:
    """Products appear by themselves, live and in REST, with pictures; at the end nothing is left behind."""
    with deployment.start("demo", "--port", "0", "--rate", "30") as demo:
        url, token = demo.wait_for_line(r"(http://[a-z0-9.:]+)/#token=(\S+) +the operator's page").groups()
        with _watch(deployment, url) as watching:
            assert watching.wait(timeout_seconds=60) == 0
        events = [json.loads(line) for line in watching.stdout_lines]
        assert [event["product"]["seller_handle"] for event in events] == ["nalu-fashion"] * 3
        shown = {
            product["video_id"] for product in _get(f"{url}/api/v1/shop/nalu-fashion/products?limit=50")["products"]
        }
        assert {event["product"]["video_id"] for event in events} <= shown
        picture = events[0]["product"]["primary_thumbnail"]["thumbnail_url"]
        assert picture.startswith(url)
        demo.wait_for_http(picture)
        demo.wait_until(
            lambda: _get(f"{url}/api/v1/operator/status", token)["products"]["created_total"] > 0, "tell the operator"
        )
        assert demo.terminate(timeout_seconds=10) == 0
    assert list(tmp_path.glob("temporary/*")) == []


def test_watching_an_empty_shop(deployment: Deployment) -> None:
    """Without a server the service is unavailable: one line, exit code 3."""
    with deployment.start("watch", "nalu-fashion", "--url", "http://127.0.0.1:1") as watching:
        assert watching.wait() == 3
        assert any("is `linkhub serve` running there?" in line for line in watching.stderr_lines)
