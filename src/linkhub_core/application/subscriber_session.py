"""The session of one connection: a message comes in, outcomes come out. The same for every transport.

| message                   | data                                | outcomes                                       |
|---------------------------|-------------------------------------|------------------------------------------------|
| `subscribe_to_seller`     | `{seller_handle, cursor? or since?}`| `Join`; once it is done, the `subscribed` reply|
| `unsubscribe`             | `{seller_handle?}` or nothing       | `Leave`, then the `unsubscribed` reply         |
| `get_subscription_status` | anything                            | the `subscription_status` reply                |
| anything else             |                                     | an `error` reply, and nothing else changes     |

Rule 1. A wrong message does not end the session: an `error` names the fault by its :class:`ErrorCode`.
Rule 2. Subscribing again to the same shop changes nothing and is answered again, with what was missed if asked for.
Rule 3. Time is an argument: ``monotonic`` in seconds for the message rate, ``now`` for the replies.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from attrs import define, field, frozen
from attrs.validators import gt

from linkhub_core.errors import InvalidQuery
from linkhub_core.wire.codec import timestamp_text
from linkhub_core.wire.cursor import Cursor, parse_cursor
from linkhub_core.wire.shop_query import parse_seller, parse_since

SUBSCRIBE = "subscribe_to_seller"
UNSUBSCRIBE = "unsubscribe"
GET_STATUS = "get_subscription_status"

After = datetime | Cursor | None
"""Where a client left off: a time, a cursor, or None if it wants live events only."""

_MINUTE_SECONDS = 60.0
_NAMED_CHARACTERS = 64


class ErrorCode(StrEnum):
    """The fault of a message; the texts are part of the contract with clients."""

    INVALID_MESSAGE = "invalid_message"
    UNKNOWN_EVENT = "unknown_event"
    INVALID_DATA = "invalid_data"
    INVALID_SELLER_HANDLE = "invalid_seller_handle"
    INVALID_SINCE = "invalid_since"
    INVALID_CURSOR = "invalid_cursor"
    TOO_MANY_SUBSCRIPTIONS = "too_many_subscriptions"
    RATE_LIMITED = "rate_limited"


_CODE_OF_PARAMETER = {
    "seller_handle": ErrorCode.INVALID_SELLER_HANDLE,
    "since": ErrorCode.INVALID_SINCE,
    "cursor": ErrorCode.INVALID_CURSOR,
}


@frozen(kw_only=True)
class SessionLimits:
    """The limits of one connection.

    Attributes:
        max_subscriptions: how many shops it may subscribe to.
        messages_per_minute: how many messages it may send in a minute; all of them may come at once.
        max_frame_bytes: the longest message that it may send; the transport enforces this one.
    """

    max_subscriptions: int = field(default=50, validator=gt(0))
    messages_per_minute: int = field(default=100, validator=gt(0))
    max_frame_bytes: int = field(default=65_536, validator=gt(0))


@frozen(kw_only=True)
class Reply:
    """An event to send to this subscriber, with its data ready for JSON."""

    event: str
    data: Mapping[str, Any]


@frozen(kw_only=True)
class Join:
    """The client subscribes to this shop; answer with :func:`subscribed`, then replay the changes after ``after``."""

    seller_handle: str
    after: After


@frozen(kw_only=True)
class Leave:
    """The client leaves these shops."""

    seller_handles: Sequence[str]


Outcome = Reply | Join | Leave


def parse_after(data: Mapping[str, Any], seller_handle: str) -> After:
    """Read ``cursor`` and ``since``, of which one may be there.

    Raises:
        InvalidQuery: one of them breaks a rule, or both are there.
    """
    since, cursor = parse_since(data.get("since")), parse_cursor(data.get("cursor"), seller_handle)
    if since is not None and cursor is not None:
        raise InvalidQuery("cursor", "cannot be combined with since")
    return since or cursor


def subscribed(seller_handle: str, *, recovered: bool, now: datetime, cursor: str | None = None) -> Reply:
    """The answer to a ``Join`` that was carried out.

    Args:
        seller_handle: the shop.
        recovered: whether everything that was missed follows; if not, the client has to load the page again.
        now: the time of the answer.
        cursor: the client's own, if the replay began there.
    """
    message = f"Subscribed to {seller_handle}" if recovered else f"Subscribed to {seller_handle}; load the page again"
    data = {
        "seller_handle": seller_handle,
        "message": message,
        "timestamp": timestamp_text(now),
        "recovered": recovered,
        "cursor": cursor,
    }
    return Reply(event="subscribed", data=data)


@define(kw_only=True, eq=False)
class SubscriberSession:
    """The subscriptions of one connection, and its message rate."""

    client_id: str
    limits: SessionLimits
    _sellers: dict[str, None] = field(factory=dict, init=False)
    # When all messages would have been sent at an even pace: one number instead of a list.
    _paced_until: float = field(default=float("-inf"), init=False)

    @property
    def seller_handles(self) -> Sequence[str]:
        """The shops that it is subscribed to, in the order of subscription."""
        return tuple(self._sellers)

    def connected(self, now: datetime) -> Reply:
        """The first event of a connection."""
        data = {"message": "Connected to linkhub", "clientId": self.client_id, "timestamp": timestamp_text(now)}
        return Reply(event="connected", data=data)

    def receive(self, event: str, data: object, *, monotonic: float, now: datetime) -> Sequence[Outcome]:
        """Take one message.

        Args:
            event: its name; any text.
            data: decoded JSON of any shape.
            monotonic: seconds of a monotonic clock.
            now: the time in replies.

        Returns:
            The outcomes, to be carried out in this order.
        """
        if not self._is_in_pace(monotonic):
            return [self._too_fast(now)]
        try:
            if event == SUBSCRIBE:
                return self._subscribe(data, now)
            if event == UNSUBSCRIBE:
                return self._unsubscribe(data, now)
        except InvalidQuery as error:
            code = _CODE_OF_PARAMETER.get(error.parameter, ErrorCode.INVALID_DATA)
            return [_error(code, f"{error.parameter} {error.problem}", now)]
        if event == GET_STATUS:
            status = {"subscriptions": list(self._sellers), "timestamp": timestamp_text(now)}
            return [Reply(event="subscription_status", data=status)]
        known = f"{SUBSCRIBE}, {UNSUBSCRIBE} and {GET_STATUS}"
        return [_error(ErrorCode.UNKNOWN_EVENT, f"There is no event {_named(event)}; there are {known}", now)]

    def receive_malformed(self, problem: str, *, monotonic: float, now: datetime) -> Sequence[Outcome]:
        """Take a message in which no event could be read; ``problem`` says why, in a sentence."""
        if not self._is_in_pace(monotonic):
            return [self._too_fast(now)]
        return [_error(ErrorCode.INVALID_MESSAGE, problem, now)]

    def _is_in_pace(self, monotonic: float) -> bool:
        paced_until = max(self._paced_until, monotonic) + _MINUTE_SECONDS / self.limits.messages_per_minute
        # Tolerance, because a hundred times 0.6 is not quite 60.
        if paced_until > monotonic + _MINUTE_SECONDS + 1e-6:
            return False
        self._paced_until = paced_until
        return True

    def _too_fast(self, now: datetime) -> Reply:
        limit = self.limits.messages_per_minute
        return _error(ErrorCode.RATE_LIMITED, f"More than {limit} messages a minute; this one was not read", now)

    def _subscribe(self, data: object, now: datetime) -> Sequence[Outcome]:
        wanted = _object(data)
        seller_handle = parse_seller(wanted.get("seller_handle"))
        after = parse_after(wanted, seller_handle)
        if seller_handle not in self._sellers and len(self._sellers) >= self.limits.max_subscriptions:
            most = self.limits.max_subscriptions
            problem = f"{most} subscriptions are the most for one connection; {seller_handle} was not added"
            return [_error(ErrorCode.TOO_MANY_SUBSCRIPTIONS, problem, now)]
        self._sellers[seller_handle] = None
        return [Join(seller_handle=seller_handle, after=after)]

    def _unsubscribe(self, data: object, now: datetime) -> Sequence[Outcome]:
        wanted = {} if data is None else _object(data)
        if wanted.get("seller_handle") is None:
            left, seller_handle, message = tuple(self._sellers), None, "Unsubscribed from all shops"
        else:
            seller_handle = parse_seller(wanted["seller_handle"])
            left, message = (seller_handle,), f"Unsubscribed from {seller_handle}"
        for handle in left:
            self._sellers.pop(handle, None)
        data = {"seller_handle": seller_handle, "message": message, "timestamp": timestamp_text(now)}
        return [Leave(seller_handles=left), Reply(event="unsubscribed", data=data)]


def _object(data: object) -> Mapping[str, Any]:
    if not isinstance(data, Mapping):
        raise InvalidQuery("data", 'must be an object such as {"seller_handle": "nalu-fashion"}')
    return data


def _named(event: str) -> str:
    return repr(event if len(event) <= _NAMED_CHARACTERS else f"{event[:_NAMED_CHARACTERS]}...")


def _error(code: ErrorCode, message: str, now: datetime) -> Reply:
    return Reply(event="error", data={"code": code.value, "message": message, "timestamp": timestamp_text(now)})
