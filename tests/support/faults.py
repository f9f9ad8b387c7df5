"""Faults that the test servers do not make by themselves, put into a botocore client by its event hooks.

    with inject(client, Fault.throttle(operation="BatchExecuteStatement", times=2)) as injection:
        ...
    assert injection.hits == 2

Theory of operation. A fault belongs to one operation. The faults of one operation strike one after another, in the
order in which they were given: each lets ``skip`` calls pass, strikes the next ``times``, and makes way for the next.
Faults of the wire (throttle, server_error, client_error, time_out, lose_reply) act where the request would leave: what
botocore does about them, parsing and retries included, is real, and each of its attempts counts as a call. Faults of
parts (unserved), which DynamoDB, SQS and SNS report inside a 200, act on the call: the parts that are to fail are taken
out of the request, so that the server certainly did not apply them, and are put into the reply as failed.
"""

import json
import threading
from collections import Counter, deque
from collections.abc import Callable, Mapping
from functools import partial
from types import TracebackType
from typing import Any, Protocol, Self

import attrs
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ReadTimeoutError
from botocore.httpsession import URLLib3Session

from tests.support.partial_batches import PARTIAL_BATCHES


class _Client(Protocol):
    """A botocore client: its generated types share no base class."""

    @property
    def meta(self) -> Any: ...


class _WireEffect(Protocol):
    def __call__(self, client: Any, request: AWSPreparedRequest) -> AWSResponse: ...


@attrs.frozen(kw_only=True)
class Fault:
    """One kind of fault, when it strikes and what it does; made by the constructors below.

    Args:
        operation: the operation's name as in the AWS reference: ``BatchExecuteStatement``.
        times: how many calls it strikes.
        skip: how many calls it lets pass first, once it is its turn.
    """

    operation: str
    times: int = attrs.field(validator=attrs.validators.ge(1))
    skip: int = attrs.field(validator=attrs.validators.ge(0))
    wire_effect: _WireEffect | None = None
    failing_parts: tuple[int, ...] = ()
    code: str = ""

    @classmethod
    def throttle(cls, *, operation: str, times: int = 1, skip: int = 0, code: str = "ThrottlingException") -> Self:
        """The service says 400 with a throttling code; nothing was applied."""
        return cls(operation=operation, times=times, skip=skip, wire_effect=_answer(400, code), code=code)

    @classmethod
    def server_error(
        cls, *, operation: str, times: int = 1, skip: int = 0, status: int = 500, code: str = "InternalFailure"
    ) -> Self:
        """The service says 5xx; nothing was applied."""
        return cls(operation=operation, times=times, skip=skip, wire_effect=_answer(status, code), code=code)

    @classmethod
    def client_error(cls, *, operation: str, code: str, times: int = 1, skip: int = 0, status: int = 400) -> Self:
        """The service refuses with any error code, such as ``AccessDenied``; nothing was applied."""
        return cls(operation=operation, times=times, skip=skip, wire_effect=_answer(status, code), code=code)

    @classmethod
    def time_out(cls, *, operation: str, times: int = 1, skip: int = 0) -> Self:
        """The request never arrived: botocore's ReadTimeoutError, and nothing was applied."""
        return cls(operation=operation, times=times, skip=skip, wire_effect=_time_out)

    @classmethod
    def lose_reply(cls, *, operation: str, times: int = 1, skip: int = 0) -> Self:
        """The service applied the request, its reply was lost: the same ReadTimeoutError."""
        return cls(operation=operation, times=times, skip=skip, wire_effect=_send_then_time_out)

    @classmethod
    def unserved(
        cls, *, operation: str, parts: tuple[int, ...], times: int = 1, skip: int = 0, code: str = "ThrottlingError"
    ) -> Self:
        """The service answers 200 and leaves some parts of the batch undone.

        They come back as that operation reports it: in ``UnprocessedKeys`` or ``UnprocessedItems``, as a statement's
        ``Error`` with ``code``, or in ``Failed`` with ``code``.

        Args:
            operation: one of ``partial_batches.PARTIAL_BATCHES``.
            parts: positions in the batch as it was sent, from 0; those past its end do not matter.
            times: how many calls it strikes.
            skip: how many calls it lets pass first.
            code: the error code, where the operation carries one.
        """
        if operation not in PARTIAL_BATCHES:
            raise ValueError(f"{operation} has no partial failures; those that have: {sorted(PARTIAL_BATCHES)}")
        return cls(operation=operation, times=times, skip=skip, failing_parts=parts, code=code)


@attrs.define(kw_only=True, eq=False)
class Injection:
    """Faults at work in a client, until they are removed or the ``with`` block ends; safe from several threads."""

    _waiting: dict[str, deque[Fault]]
    _hits: int = 0
    _calls_of_first: Counter[str] = attrs.field(factory=Counter)
    _removals: list[Callable[[], None]] = attrs.field(factory=list)
    _lock: threading.Lock = attrs.field(factory=threading.Lock)

    @property
    def hits(self) -> int:
        """How many calls were struck so far, by all faults together."""
        return self._hits

    @property
    def is_spent(self) -> bool:
        """Whether every fault has struck as often as it was to."""
        with self._lock:
            return not any(self._waiting.values())

    def strike(self, operation: str, *, on_wire: bool) -> Fault | None:
        """Count a call, and return the fault that strikes it, if one does."""
        with self._lock:
            waiting = self._waiting[operation]
            if not waiting or (waiting[0].wire_effect is not None) is not on_wire:
                return None
            fault = waiting[0]
            self._calls_of_first[operation] += 1
            if self._calls_of_first[operation] <= fault.skip:
                return None
            self._hits += 1
            if self._calls_of_first[operation] == fault.skip + fault.times:
                waiting.popleft()
                self._calls_of_first[operation] = 0
            return fault

    def hook(self, client: _Client, event: str, operation: str, handler: Callable[..., Any]) -> None:
        """Let botocore call a handler until the faults are removed."""
        name = f"{event}.{client.meta.service_model.service_id.hyphenize()}.{operation}"
        client.meta.events.register(name, handler)
        self._removals.append(partial(client.meta.events.unregister, name, handler))

    def remove(self) -> None:
        """Take the faults out of the client; a second time does nothing."""
        while self._removals:
            self._removals.pop()()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.remove()


def inject(client: _Client, *faults: Fault) -> Injection:
    """Put faults into a boto3 client; no other client notices. Give all faults of one operation in one call.

    Args:
        client: a boto3 client, of any service.
        faults: what is to go wrong, in order.

    Returns:
        Their counters, and the way to take them out.

    Raises:
        ValueError: the client's service has no such operation.
    """
    waiting: dict[str, deque[Fault]] = {}
    for fault in faults:
        if fault.operation not in client.meta.service_model.operation_names:
            raise ValueError(f"{client.meta.service_model.service_name} has no operation {fault.operation}")
        waiting.setdefault(fault.operation, deque()).append(fault)
    injection = Injection(waiting=waiting)
    for operation in waiting:
        wire = _WireHook(client=client, injection=injection, operation=operation)
        injection.hook(client, "before-send", operation, wire.before_send)
        if operation in PARTIAL_BATCHES:
            parts = _PartHooks(injection=injection, operation=operation)
            injection.hook(client, "provide-client-params", operation, parts.provide_client_params)
            injection.hook(client, "before-call", operation, parts.before_call)
            injection.hook(client, "after-call", operation, parts.after_call)
    return injection


@attrs.frozen(kw_only=True, eq=False)
class _WireHook:
    client: Any
    injection: Injection
    operation: str

    def before_send(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse | None:
        fault = self.injection.strike(self.operation, on_wire=True)
        return fault.wire_effect(self.client, request) if fault and fault.wire_effect else None


@attrs.frozen(kw_only=True, eq=False)
class _PartHooks:
    """Three hooks of one call; what they share lies in botocore's context of that call, under this object."""

    injection: Injection
    operation: str

    def provide_client_params(
        self, params: Mapping[str, Any], context: dict[Any, Any], **_: Any
    ) -> Mapping[str, Any] | None:
        fault = self.injection.strike(self.operation, on_wire=False)
        if fault is None:
            return None
        remaining = PARTIAL_BATCHES[self.operation].without(params, fault.failing_parts)
        context[self] = _StruckCall(fault=fault, params=params, is_nothing_left=remaining is None)
        return remaining

    def before_call(self, context: dict[Any, Any], **_: Any) -> tuple[AWSResponse, dict[str, Any]] | None:
        struck: _StruckCall | None = context.get(self)
        if struck is None or not struck.is_nothing_left:
            return None
        # botocore and the service refuse an empty batch, so the reply is made up and nothing is sent.
        metadata = {"HTTPStatusCode": 200, "HTTPHeaders": {}, "RetryAttempts": 0}
        return _response("", 200, b""), {"ResponseMetadata": metadata}

    def after_call(self, http_response: AWSResponse, parsed: dict[str, Any], context: dict[Any, Any], **_: Any) -> None:
        struck: _StruckCall | None = context.get(self)
        if struck is not None and http_response.status_code < 300:
            fault = struck.fault
            PARTIAL_BATCHES[self.operation].report(parsed, struck.params, fault.failing_parts, fault.code)


@attrs.frozen(kw_only=True)
class _StruckCall:
    fault: Fault
    params: Mapping[str, Any]
    is_nothing_left: bool


def _answer(status: int, code: str) -> _WireEffect:
    def effect(client: Any, request: AWSPreparedRequest) -> AWSResponse:
        return _error_response(client.meta.service_model.resolved_protocol, request.url, status, code)

    return effect


def _time_out(client: Any, request: AWSPreparedRequest) -> AWSResponse:
    raise ReadTimeoutError(endpoint_url=request.url)


def _send_then_time_out(client: Any, request: AWSPreparedRequest) -> AWSResponse:
    URLLib3Session().send(request)
    raise ReadTimeoutError(endpoint_url=request.url)


def _error_response(protocol: str, url: str, status: int, code: str) -> AWSResponse:
    message = "made by a test"
    if protocol == "json":
        body = json.dumps({"__type": f"com.amazonaws#{code}", "message": message})
    elif protocol == "query":
        at_fault = "Sender" if status < 500 else "Receiver"
        body = (
            f"<ErrorResponse><Error><Type>{at_fault}</Type><Code>{code}</Code><Message>{message}</Message></Error>"
            "<RequestId>made-by-a-test</RequestId></ErrorResponse>"
        )
    else:
        raise ValueError(f"there is no error reply for the protocol {protocol!r} yet")
    return _response(url, status, body.encode())


def _response(url: str, status: int, body: bytes) -> AWSResponse:
    return AWSResponse(url, status, HTTPHeaders(), _Body(content=body))


@attrs.frozen(kw_only=True)
class _Body:
    """The raw response that AWSResponse reads."""

    content: bytes

    def stream(self, **_: Any) -> list[bytes]:
        return [self.content]
