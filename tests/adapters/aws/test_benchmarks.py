"""The benchmarks on AWS still run and check what came out: their figures are not checked here."""

from __future__ import annotations

import pytest
from benchmarks import bench_aws
from benchmarks.reads import dynamodb

pytestmark = pytest.mark.aws


def test_backlogs_are_drained_and_their_products_checked(dynamodb_endpoint: str, sqs_sns_endpoint: str) -> None:
    """linkhub in both layouts and the plain consumer, each in a process of its own, as small as can be."""
    close, apart, plain = bench_aws.measure((dynamodb_endpoint, sqs_sns_endpoint), pairs=12)
    assert plain.spent.dynamodb_calls == {"get_item": 24, "put_item": 36, "delete_item": 12}
    late = sum(apart.spent.late_write_units.values())  # on a busy machine
    assert sum(apart.spent.write_units.values()) - late == apart.needed_write_units
    for drain in (close, apart, plain):
        assert drain.spent.cpu_seconds > 0
        assert sum(drain.spent.write_units.values()) >= close.needed_write_units


def test_a_shop_is_read(dynamodb_endpoint: str, sqs_sns_endpoint: str) -> None:
    """A page, the same page kept, one product, and two polls with nothing new: products and read units of each."""
    reads = dynamodb.measure((dynamodb_endpoint, sqs_sns_endpoint), products=30, times=2).values()
    assert [read.products for read in reads] == [20, 20, 1, 0, 0]
    page, kept, *one_each = (read.units for read in reads)
    assert (kept, one_each) == (0, [1, 1, 1])
    assert page > 1
