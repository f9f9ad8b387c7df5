"""Admission: the checks in their order, the same for each transport."""

from __future__ import annotations

import pytest

from linkhub_adapters.realtime import Admission, RealtimeSettings, RefusalReason
from linkhub_adapters.realtime.endpoints.admission import REFUSAL_STATUS, TransportKind
from linkhub_core.access import AccessPolicy, Caller, RefusedCaller

_ADDRESS = "192.0.2.1"
_SETTINGS = RealtimeSettings(
    access=AccessPolicy(origins=["https://shop.example"]), max_connections=2, max_connections_per_address=1
)


def _caller(origin: str = "https://shop.example") -> Caller:
    headers = {"origin": [origin], "host": ["linkhub.example"]}
    return _SETTINGS.access.examine(_ADDRESS, lambda name: headers.get(name, []))


@pytest.mark.parametrize("kind", TransportKind)
def test_the_first_check_that_fails_names_the_reason(kind: TransportKind) -> None:
    """With all four faults at once, then with one fault less each time, down to none."""
    refused: list[RefusedCaller] = []
    admission = Admission(settings=_SETTINGS, refused=refused.append)
    admission.enter(kind, _ADDRESS)
    admission.is_draining = True
    stranger = _caller("https://elsewhere.example")
    reasons = [admission.decide(kind, stranger, 2)]
    admission.is_draining = False
    reasons += [admission.decide(kind, stranger, 2), admission.decide(kind, stranger, 1)]
    reasons += [admission.decide(kind, _caller(), 1)]
    admission.leave(kind, _ADDRESS)
    assert admission.decide(kind, _caller(), 1) is None
    expected = [RefusalReason.DRAINING, RefusalReason.CAPACITY, RefusalReason.ORIGIN, RefusalReason.ADDRESS]
    assert reasons == expected
    assert [REFUSAL_STATUS[reason] for reason in expected] == [503, 503, 403, 429]
    assert admission.counters.refused == dict.fromkeys(expected, 1)
    assert [(each.asked_for, each.caller.origin) for each in refused] == [(kind, "https://elsewhere.example")]
    assert not admission.by_address


def test_each_transport_has_its_own_count() -> None:
    """A page with a WebSocket may poll, too."""
    admission = Admission(settings=_SETTINGS)
    admission.enter(TransportKind.WEBSOCKET, _ADDRESS)
    assert admission.decide(TransportKind.POLLING, _caller(), 0) is None
    assert admission.decide(TransportKind.WEBSOCKET, _caller(), 0) is RefusalReason.ADDRESS
