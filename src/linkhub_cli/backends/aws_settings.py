"""The settings of the AWS backend."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen

from linkhub_cli.settings import setting_rules as rules
from linkhub_cli.settings.setting import setting
from linkhub_core.model import Kind

QUEUE_VARIABLES: Mapping[Kind, str] = {
    Kind.CAPTION: "SQS_CAPTION_QUEUE_URL",
    Kind.THUMBNAIL: "SQS_THUMBNAIL_QUEUE_URL",
}
TOPIC_VARIABLE = "SNS_NEW_PRODUCT_TOPIC_ARN"
UNNAMED_ACCOUNT_URL = "https://sqs.invalid/"
_QUEUE_URL = r"https?://\S+/\S+"


@frozen(kw_only=True)
class AwsSettings:
    """The AWS backend"""

    caption_queue_url: str | None = setting(
        "SQS_CAPTION_QUEUE_URL",
        rules.matching(_QUEUE_URL, "https://sqs.eu-west-1.amazonaws.com/123456789012/caption"),
        doc="The caption parser's output queue.",
        when_unset="needed by the aws backend",
        example="https://sqs.eu-west-1.amazonaws.com/123456789012/linkhub-caption",
    )
    thumbnail_queue_url: str | None = setting(
        "SQS_THUMBNAIL_QUEUE_URL",
        rules.matching(_QUEUE_URL, "https://sqs.eu-west-1.amazonaws.com/123456789012/thumbnail"),
        doc="The thumbnail generator's output queue.",
        when_unset="needed by the aws backend",
        example="https://sqs.eu-west-1.amazonaws.com/123456789012/linkhub-thumbnail",
    )
    products_table: str = setting(
        "DYNAMODB_PRODUCTS_TABLE",
        rules.matching(r"[A-Za-z0-9_.-]{3,255}", "linkhub-products: 3 to 255 letters, digits, '_', '.' and '-'"),
        default="linkhub-products",
        doc="The table of the products.",
    )
    staging_table: str = setting(
        "DYNAMODB_STAGING_TABLE",
        rules.matching(r"[A-Za-z0-9_.-]{3,255}", "linkhub-staging: 3 to 255 letters, digits, '_', '.' and '-'"),
        default="linkhub-staging",
        doc="The table in which halves wait.",
    )
    topic_arn: str | None = setting(
        "SNS_NEW_PRODUCT_TOPIC_ARN",
        rules.topic_arn,
        doc="The topic on which other nodes and services hear of products.",
        when_unset="announcements stay within the process that saved the product",
        example="arn:aws:sns:eu-west-1:123456789012:linkhub-new-product",
    )
    kms_key_arn: str | None = setting(
        "LINKHUB_KMS_KEY_ARN",
        rules.matching(
            r"arn:[a-z0-9-]+:kms:[a-z0-9-]+:\d{12}:key/[A-Za-z0-9-]+",
            "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        ),
        doc="The KMS key with which `linkhub init` encrypts tables, queues and topic.",
        when_unset="SQS and DynamoDB use keys of their own, the topic is not encrypted",
        example="arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    )
    region: str | None = setting(
        "AWS_REGION",
        rules.matching(r"[a-z0-9-]{2,40}", "eu-west-1"),
        doc="The region, as in every AWS SDK.",
        when_unset="what the AWS SDK finds in its own configuration",
        example="eu-west-1",
        is_shared=True,
    )
    endpoint_url: str | None = setting(
        "AWS_ENDPOINT_URL",
        rules.address,
        doc="Another address for all services, such as a local stand-in, as in every AWS SDK.",
        when_unset="what the AWS SDK finds in its own configuration, else AWS itself",
        example="http://localhost:4566",
    )
    dynamodb_endpoint_url: str | None = setting(
        "AWS_ENDPOINT_URL_DYNAMODB",
        rules.address,
        doc="Another address for DynamoDB alone.",
        when_unset="`AWS_ENDPOINT_URL`",
        example="http://localhost:8000",
    )
    sqs_endpoint_url: str | None = setting(
        "AWS_ENDPOINT_URL_SQS",
        rules.address,
        doc="Another address for SQS alone.",
        when_unset="`AWS_ENDPOINT_URL`",
        example="http://localhost:9324",
    )
    sns_endpoint_url: str | None = setting(
        "AWS_ENDPOINT_URL_SNS",
        rules.address,
        doc="Another address for SNS alone.",
        when_unset="`AWS_ENDPOINT_URL`",
        example="http://localhost:4566",
    )

    @property
    def queue_urls(self) -> Mapping[Kind, str]:
        """The URL of each queue that is named."""
        urls = {Kind.CAPTION: self.caption_queue_url, Kind.THUMBNAIL: self.thumbnail_queue_url}
        return {kind: url for kind, url in urls.items() if url is not None}

    @property
    def endpoint_urls(self) -> Mapping[str, str]:
        """The configured address of each service that has one, by the SDK's name of the service."""
        single = {"dynamodb": self.dynamodb_endpoint_url, "sqs": self.sqs_endpoint_url, "sns": self.sns_endpoint_url}
        urls = {service: url or self.endpoint_url for service, url in single.items()}
        return {service: url for service, url in urls.items() if url is not None}
