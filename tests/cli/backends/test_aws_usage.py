"""The metrics of calls to AWS."""

from __future__ import annotations

from linkhub_adapters.aws.client.calls import AwsCalls
from linkhub_adapters.aws.client.consumption import Consumption
from linkhub_cli.backends.aws_ports import THROTTLED, usage_of


def test_counts_of_all_services_stand_side_by_side() -> None:
    """Each count under its service, and units by table and direction."""
    sqs, dynamodb = AwsCalls(service="SQS"), AwsCalls(service="DynamoDB")
    sqs.counts["receive_message"] = 3
    sqs.retries["receive_message"] = 1
    dynamodb.counts["query"] = 2
    dynamodb.failures["ThrottlingError"] = 4
    consumption = Consumption()
    consumption.add({"ConsumedCapacity": {"TableName": "products", "CapacityUnits": 0.5}}, is_write=False)
    consumption.add({"ConsumedCapacity": [{"TableName": "products", "CapacityUnits": 2.0}]}, is_write=True)

    usage = usage_of([sqs, dynamodb], consumption)

    assert usage.calls == {("SQS", "receive_message"): 3, ("DynamoDB", "query"): 2}
    assert usage.retries == {("SQS", "receive_message"): 1}
    others = {("DynamoDB", code): 0 for code in THROTTLED if code != "ThrottlingError"}
    assert usage.failures == {("DynamoDB", "ThrottlingError"): 4, **others}
    assert usage.units == {("products", "read"): 0.5, ("products", "write"): 2.0}
