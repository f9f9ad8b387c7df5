"""Finds a video in DynamoDB: by its id in the staging table, by seller and id in the products table.

The products table is keyed by seller first, and a scan would read all of it: only products of sellers that are known
from staging, or that were named, are found. SQS and SNS cannot be searched without taking messages.
"""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from linkhub_adapters.aws.dynamodb.product_store import DynamoDbProductStore
from linkhub_adapters.aws.dynamodb.staging_items import staging_from_item
from linkhub_adapters.aws.dynamodb.staging_store import DynamoDbStagingStore
from linkhub_core.model import ProductKey, ProductRecord, WaitingHalf
from linkhub_core.ports import Unreadable, VideoRecord


@frozen(kw_only=True)
class DynamoDbVideoLookup:
    """The :class:`~linkhub_core.ports.VideoLookup` of both tables."""

    staging: DynamoDbStagingStore
    products: DynamoDbProductStore

    async def find(self, video_id: str, seller_handles: Sequence[str]) -> VideoRecord:
        """See the port."""
        staged = await self._staged(video_id)
        waiting = [row for row in staged if isinstance(row, WaitingHalf)]
        sellers = sorted({*seller_handles, *(row.key.seller_handle for row in waiting)})
        found = await self.products.find([ProductKey(seller, video_id) for seller in sellers])
        return VideoRecord(
            waiting=waiting,
            products=[row for row in found.values() if isinstance(row, ProductRecord)],
            unreadable=[row for row in (*staged, *found.values()) if isinstance(row, Unreadable)],
            all_sellers=False,
        )

    async def _staged(self, video_id: str) -> Sequence[WaitingHalf | Unreadable]:
        pages = self.staging.calls.pages(
            "query",
            TableName=self.staging.table,
            KeyConditionExpression="#video = :video",
            ExpressionAttributeNames={"#video": "video_id"},
            ExpressionAttributeValues={":video": {"S": video_id}},
            ConsistentRead=True,
        )
        return [staging_from_item(item) async for items in pages for item in items]
