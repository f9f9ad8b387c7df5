"""The cursors of a products table: the identity of the table, the time of DynamoDB, and positions as text.

A cursor names the table by a hash of its ARN and its creation time. So the cursor of another table, account or region
is unknown here, and so is one from before the table was deleted and restored under its name. DescribeTable gives both,
and its reply also gives the first estimate of DynamoDB's time, and how many items the table and its index hold.

Rule 1. Without permission for DescribeTable a process gives no cursors and knows none; all else works.
Rule 2. Every other failure is repeated, at most once a minute. Until then there are no cursors, and saves go on.
Rule 3. The counts are read again once a minute, and no reader waits for that. DynamoDB updates them every six hours.
"""

from __future__ import annotations

import asyncio
import hashlib
from base64 import urlsafe_b64encode
from typing import Any

from attrs import define, field

from linkhub_adapters.aws.client.errors import DYNAMODB, code_of
from linkhub_adapters.aws.dynamodb.calls import DynamoDbCalls
from linkhub_adapters.aws.resources import STAMP_INDEX
from linkhub_core.errors import ServiceUnavailable
from linkhub_core.model.change_stamps import MARGIN_MS, StampPosition, event_position
from linkhub_core.wire.cursor import Cursor, encode_cursor, parse_cursor

RETRY_SECONDS = 60.0
COUNT_SECONDS = 60.0
_DENIED = "AccessDeniedException"
_NOT_YET_KNOWN = "unknown"  # in cursors that never leave the process


@define(kw_only=True, eq=False)
class TableCursors:
    """Gives and reads the cursors of the table named ``table``."""

    calls: DynamoDbCalls
    table: str
    _store: str | None = field(default=None, init=False)
    _is_denied: bool = field(default=False, init=False)
    _learning: asyncio.Future[None] | None = field(default=None, init=False)
    _next_attempt: float = field(default=float("-inf"), init=False)
    has_unstamped: bool = field(default=False, init=False)
    """Whether the table holds items without a stamp, which are not in the index: another service's, until `adopt`."""

    async def learn(self) -> None:
        """Learn the identity and the time, if they are not known: call this before any other method.

        Raises:
            ServiceUnavailable: DynamoDB does not answer, and its time is not known.
        """
        if self._learning is None and self.calls.store_clock.seconds() >= self._next_attempt:
            self._learning = asyncio.ensure_future(self._describe())
            self._learning.add_done_callback(self._learned)
        if self._learning is not None and self._store is None:
            await asyncio.shield(self._learning)

    def _learned(self, learning: asyncio.Future[None]) -> None:
        self._learning = None
        if not learning.cancelled():
            learning.exception()  # a reader that waits raises it; after the first success, the next minute asks again

    async def _describe(self) -> None:
        try:
            reply = await self.calls.make(self.calls.dynamodb.describe_table, TableName=self.table)
        except ServiceUnavailable as error:
            self._is_denied = code_of(error) == _DENIED
            if not self.calls.store_clock.is_known:
                raise
            self._next_attempt = self.calls.store_clock.seconds() + RETRY_SECONDS
        else:
            self._store = _identity(reply["Table"])
            self.has_unstamped = _holds_unstamped(reply["Table"])
            self._next_attempt = self.calls.store_clock.seconds() + COUNT_SECONDS

    @property
    def are_given(self) -> bool:
        """Whether the identity of the table is known."""
        return self._store is not None

    def now_ms(self) -> int:
        """The time of DynamoDB, in milliseconds since 1970."""
        return self.calls.store_clock.now_ms()

    def at(self, seller_handle: str, position: StampPosition) -> str:
        """The cursor of a position; give it to clients only if :attr:`are_given`."""
        store = self._store or _NOT_YET_KNOWN
        return encode_cursor(Cursor(store=store, seller_handle=seller_handle, position=str(position)))

    def of_event(self, seller_handle: str, stamp_ms: int) -> str:
        """The cursor of the event of a product with this stamp."""
        return self.at(seller_handle, event_position(stamp_ms))

    @staticmethod
    def stamp_of_event(seller_handle: str, cursor: str | None) -> int:
        """The stamp from which :meth:`of_event` made a cursor; that of a product without a stamp is 0."""
        parsed = parse_cursor(cursor, seller_handle)
        position = None if parsed is None else StampPosition.parse(parsed.position)
        return 0 if position is None else position.stamp_ms + MARGIN_MS

    def position_of(self, cursor: Cursor) -> StampPosition | None:
        """The position of a cursor; None if this table did not give it.

        Raises:
            ServiceUnavailable: the identity of the table is not known at present.
        """
        if self._store is None and not self._is_denied:
            raise ServiceUnavailable(DYNAMODB, f"the identity of the table {self.table} is not known at present")
        position = StampPosition.parse(cursor.position) if cursor.store == self._store else None
        is_ahead = position is not None and position.stamp_ms > self.now_ms() + MARGIN_MS
        return None if is_ahead else position


def _holds_unstamped(description: Any) -> bool:
    indexed = [
        index["ItemCount"]
        for index in description.get("LocalSecondaryIndexes", ())
        if "ItemCount" in index and index["IndexName"] == STAMP_INDEX
    ]
    return any(count < description["ItemCount"] for count in indexed)


def _identity(description: Any) -> str:
    text = f"{description['TableArn']} {description['CreationDateTime'].timestamp()}"
    return urlsafe_b64encode(hashlib.blake2b(text.encode(), digest_size=6).digest()).decode("ascii")
