"""The expected events of a client of the hub: a model without tasks, buffers and transports.

It notes which answers are due, in order, and keeps a page as a client does: it loads it from the store when an answer
commands, and receives events. What is wrong goes to ``faults``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from attrs import define, field

from linkhub_core.model import ProductKey, ProductRecord
from linkhub_core.wire.codec import timestamp_text
from tests.support.simulated_clients import Received, SimulatedClient

_Revision = tuple[str, int]


@define
class Due:
    """An answer that is due.

    Attributes:
        event: its name.
        seller_handle: the shop in it, if it names one.
        recovered: what a ``subscribed`` has to say; None if it may say either.
        reads: whether it waits for a read of the store.
        breath: answers of the same number may come in any order among themselves.
    """

    event: str
    breath: int
    seller_handle: str | None = None
    recovered: bool | None = None
    reads: bool = False
    is_asked: bool = True


@define(eq=False)
class ModelClient:
    """A client, what it has asked for, and what it knows.

    With ``is_too_slow`` a write finds that too much is unsent: its connection closes itself during that write.
    """

    viewer: SimulatedClient
    stored: Callable[[], Mapping[ProductKey, ProductRecord]]
    shops: dict[str, None] = field(factory=dict)
    page: dict[ProductKey, _Revision] = field(factory=dict)
    faults: list[str] = field(factory=list)
    is_too_slow: bool = False
    _due: list[Due] = field(factory=list)
    _open: set[str] = field(factory=set)
    _seen: dict[tuple[ProductKey, str], int] = field(factory=dict)
    _breaths: int = 0

    def __attrs_post_init__(self) -> None:
        self.viewer.on_received = self._take

    # --- what the client does --------------------------------------------------------------------------------------

    def connect(self) -> None:
        """Open a connection: all that was asked for over the last one is forgotten."""
        self.leave()
        self._expect("connected")
        self.viewer.connect()

    def leave(self) -> None:
        """Cut the connection."""
        self.viewer.leave()
        for forgotten in (self.shops, self.page, self._due, self._open, self._seen):
            forgotten.clear()

    def subscribe(self, seller_handle: str, since: str | None, *, store_fails: bool) -> None:
        """Ask for a shop, if there is a connection; the same holds for the next two."""
        if not self.viewer.is_connected:
            return
        self._overtake(seller_handle)
        self.shops[seller_handle] = None
        recovered = None if since is not None and store_fails else True
        self._expect("subscribed", seller_handle, recovered=recovered, reads=since is not None)
        self.viewer.subscribe(seller_handle, since)

    def unsubscribe(self, seller_handle: str | None) -> None:
        """Leave a shop, or all of them."""
        if not self.viewer.is_connected:
            return
        for left in list(self.shops) if seller_handle is None else [seller_handle]:
            self._overtake(left)
            self.shops.pop(left, None)
            self._open.discard(left)
        self._expect("unsubscribed", seller_handle)
        self.viewer.unsubscribe(seller_handle)

    def ask_for_status(self) -> None:
        """Ask which shops it watches."""
        if not self.viewer.is_connected:
            return
        self._expect("subscription_status")
        self.viewer.ask_for_status()

    # --- what happens to it ----------------------------------------------------------------------------------------

    def lose_news(self, *, store_fails: bool) -> None:
        """The hub is about to show all clients what it lost: each shop is answered, unless a read is still due."""
        self._breaths += 1
        for seller_handle in self.shops:
            if any(due.reads for due in self._due_of(seller_handle)):
                continue
            self._overtake(seller_handle)
            recovered = None if store_fails else True
            self._due.append(Due("subscribed", self._breaths, seller_handle, recovered, reads=True, is_asked=False))

    def lose_store(self) -> None:
        """Reads fail from now on: an answer that waits for one may say either."""
        for due in self._due:
            if due.reads and due.recovered:
                due.recovered = None

    # --- what comes ------------------------------------------------------------------------------------------------

    def hold_quiet(self) -> None:
        """Nothing is under way: every answer has come, and the page is that of the store."""
        self._hold(not self._due, f"not answered: {self._due}")
        for key, record in self.stored().items():
            if key.seller_handle in self.shops and self.viewer.is_connected:
                newest = (timestamp_text(record.created_at), record.revision)
                self._hold(self.page.get(key) == newest, f"the page has {self.page.get(key)} of {key}, not {newest}")

    def _expect(
        self, event: str, seller_handle: str | None = None, *, recovered: bool | None = None, reads: bool = False
    ) -> None:
        self._breaths += 1
        self._due.append(Due(event, self._breaths, seller_handle, recovered, reads))

    def _due_of(self, seller_handle: str) -> Sequence[Due]:
        return [due for due in self._due if due.event == "subscribed" and due.seller_handle == seller_handle]

    def _overtake(self, seller_handle: str) -> None:
        """An answer that waits for a read says that it was overtaken; what waits only for its turn may say either."""
        for due in self._due_of(seller_handle):
            due.recovered, due.reads = (False if due.reads else None), False

    def _take(self, received: Received) -> None:
        is_closed = received.connection < self.viewer.connections or not (self.viewer.is_connected or self._due)
        self._hold(not is_closed, f"{received.event} was written to a connection that is closed")
        if received.is_product:
            self._take_product(received)
        else:
            self._take_answer(received)
        if self.is_too_slow and received.event != "connected":
            self.leave()

    def _take_answer(self, received: Received) -> None:
        seller_handle = received.data.get("seller_handle")
        first = [due for due in self._due if due.breath == self._due[0].breath]
        due = next((due for due in first if (due.event, due.seller_handle) == (received.event, seller_handle)), None)
        if due is None:
            self._hold(False, f"{received.event} of {seller_handle}, and not {first}")
            return
        self._due.remove(due)
        if due.event == "subscribed" and seller_handle is not None:
            recovered = received.data["recovered"]
            self._hold(due.recovered in (None, recovered), f"{due} and not recovered={recovered}")
            self._enter(seller_handle, due, recovered=recovered)

    def _enter(self, seller_handle: str, due: Due, *, recovered: bool) -> None:
        if seller_handle in self.shops:
            self._open.add(seller_handle)
        if due.is_asked:
            self._seen = {seen: at for seen, at in self._seen.items() if seen[0].seller_handle != seller_handle}
        if not recovered or not due.reads:
            others = {key: known for key, known in self.page.items() if key.seller_handle != seller_handle}
            loaded = {
                key: (timestamp_text(record.created_at), record.revision)
                for key, record in self.stored().items()
                if key.seller_handle == seller_handle
            }
            self.page = others | loaded

    def _take_product(self, received: Received) -> None:
        product, revision = received.data["product"], received.data["revision"]
        key, life = ProductKey(product["seller_handle"], product["video_id"]), product["created_at"]
        self._hold(key.seller_handle in self._open, f"{key} was shown without a subscription")
        self._hold(self._seen.get((key, life), 0) < revision, f"{key} r{revision} was shown again")
        self._seen[key, life] = revision
        known_life, known_revision = self.page.get(key, (life, 0))
        if life != known_life or revision > known_revision:
            self.page[key] = (life, revision)

    def _hold(self, kept: bool, fault: str) -> None:
        if not kept:
            self.faults.append(fault)
