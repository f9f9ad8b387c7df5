"""Bodies that are something else: each is rejected by its name."""

from __future__ import annotations

import base64
import gzip
import json
import pickle
import zlib

import pytest

from linkhub_core.model import Kind
from linkhub_core.testing.builders import an_event
from tests.core.event_bodies import body_of, faults_of

TEXT = body_of(an_event())


def in_base64(content: bytes) -> str:
    """Base64 text."""
    return base64.b64encode(content).decode()


def records(source: str, name: str = "eventSource") -> str:
    """Records as AWS sends them to a Lambda function or to a queue."""
    return json.dumps({"Records": [{name: source, "body": TEXT}]})


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (records("aws:s3"), "an S3 notification"),
        (json.dumps({"Type": "Notification", "Message": records("aws:s3")}), "an S3 notification"),
        (json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "b"}), "an S3 notification"),
        (json.dumps({"detail-type": "Object Created", "source": "aws.s3", "detail": {}}), "an S3 notification"),
        (json.dumps({"detail-type": "Scheduled Event", "source": "aws.events", "detail": {}}), "an EventBridge event"),
        (json.dumps(["software.amazon.payloadoffloading.PayloadS3Pointer", {"s3Key": "k"}]), "an S3 pointer"),
        (json.dumps(["com.amazon.sqs.javamessaging.MessageS3Pointer", {"s3BucketName": "b"}]), "an S3 pointer"),
        (json.dumps({"s3BucketName": "b", "s3Key": "k"}), "an S3 pointer"),
        (json.dumps({"Type": "SubscriptionConfirmation", "Token": "t"}), "an SNS confirmation"),
        (json.dumps({"Type": "UnsubscribeConfirmation", "Token": "t"}), "an SNS confirmation"),
        (json.dumps([{"eventSource": "aws:s3", "s3": {}}]), "an S3 notification"),
        (records("aws:sqs"), "an SQS event"),
        (records("aws:sns", "EventSource"), "an SNS event"),
        (records("aws:dynamodb"), "a DynamoDB stream"),
        (records("aws:kinesis"), "a Kinesis record"),
        (json.dumps({"task": "shop.save", "id": "1", "args": [], "kwargs": {}}), "a Celery task"),
        (json.dumps({"body": "W10=", "headers": {"task": "shop.save"}, "properties": {}}), "a Celery task"),
        (json.dumps([[1], {}, {"callbacks": None, "errbacks": None, "chain": None, "chord": None}]), "a Celery task"),
        (json.dumps({"specversion": "1.0", "data_base64": in_base64(TEXT.encode())}), "a CloudEvent with its data"),
        (json.dumps({"body": in_base64(TEXT.encode()), "isBase64Encoded": True}), "an HTTP request"),
        (in_base64(bytes(range(200))), "base64 of binary data"),
        (in_base64(b"\x0a\x04v001\x12\x05Heels\x80"), "base64 of binary data"),
        (json.dumps({"data": in_base64(TEXT.encode())}), "base64"),
        (json.dumps({"message": {"data": in_base64(TEXT.encode()), "messageId": "1"}}), "base64"),
        (json.dumps({"payload": in_base64(gzip.compress(TEXT.encode(), mtime=0))}), "gzip"),
        ("%7B%22video_id%22%3A%22730%22%7D", "percent-encoded"),
        ("[object Object]", "a printed JavaScript object"),
        (in_base64(TEXT.encode()), "base64"),
        (in_base64(TEXT.encode()).rstrip("="), "base64"),
        (json.dumps(in_base64(TEXT.encode())), "base64"),
        (in_base64(gzip.compress(TEXT.encode(), mtime=0)), "gzip"),
        (in_base64(zlib.compress(TEXT.encode())), "zlib"),
        (in_base64(pickle.dumps(an_event(), protocol=4)), "a Python pickle"),
        (gzip.compress(TEXT.encode(), mtime=0).decode("latin-1"), "gzip"),
        (gzip.compress(TEXT.encode(), mtime=0).decode("utf-8", "replace"), "gzip"),
        ('<?xml version="1.0"?><event/>', "XML"),
        (" <event/>", "XML"),
        (str(an_event()), "a printed Python object"),
        ("video_id=730&title=Heels", "form data"),
        (f"[{TEXT}, {TEXT}]", "several events"),
        (f"{TEXT}\n{TEXT}\n", "several events"),
        (json.dumps({"events": [an_event(), an_event()]}), "several events"),
        (json.dumps({"payload": json.dumps([an_event(), an_event()])}), "several events"),
        (json.dumps({"message": {"body": json.dumps([an_event(), an_event()])}}), "several events"),
        (json.dumps({"payload": json.loads(records("aws:s3"))}), "an S3 notification"),
        (json.dumps({"body": records("aws:s3")}), "an S3 notification"),
        (json.dumps({"data": {"Type": "SubscriptionConfirmation", "Token": "t"}}), "an SNS confirmation"),
        (in_base64(b"PK\x03\x04" + bytes(30)), "base64 of binary data"),
        (json.dumps({"data": {"records": [an_event(), an_event()]}}), "several events"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_body_that_is_something_else_is_rejected_by_its_name(body: str, name: str) -> None:
    """One fault of the whole body says what it is and what to send instead."""
    faults = faults_of(Kind.CAPTION, body)
    assert list(faults) == [""]
    assert name in faults[""]
    assert "send" in faults[""]


@pytest.mark.parametrize("body", ["hello", "{not json", TEXT + "x", "eyJ", "a=b c"])
def test_what_cannot_be_recognised_is_not_guessed(body: str) -> None:
    """The reason is that it is not JSON."""
    assert faults_of(Kind.CAPTION, body)[""].startswith("the body is not JSON")


def test_an_event_without_an_id_is_rejected_for_its_fields() -> None:
    """Text in a field such as ``data`` says nothing of an object that has fields of an event."""
    event = {name: value for name, value in an_event(data=in_base64(TEXT.encode())).items() if name != "video_id"}
    assert list(faults_of(Kind.CAPTION, body_of(event))) == ["video_id"]
