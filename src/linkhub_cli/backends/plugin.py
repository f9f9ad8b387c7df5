"""What a backend is: a plug-in that opens, provisions and checks the ports of one technology.

The entry points of the group ``linkhub.backends`` name :class:`BackendPlugin` objects; their names are the values of
``LINKHUB_BACKEND``. `docs/guide/adapters.md` shows a complete one. Only :meth:`BackendPlugin.open` must be written. The
module of the entry point is imported whenever settings are read, so it imports its driver within its methods.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import TYPE_CHECKING, Any, ClassVar

from attrs import field, fields, frozen

from linkhub_cli.settings import Settings
from linkhub_cli.settings.packages import BackendSettings
from linkhub_core.errors import LinkhubError
from linkhub_core.model.announcement import Announcement
from linkhub_core.ports import Clock, OpenedPorts
from linkhub_core.ports.finding import Finding
from linkhub_core.ports.provisioned import Provisioned

if TYPE_CHECKING:  # prometheus-client takes long to import
    from linkhub_adapters.observability import CloudUsage, Figures


@frozen(kw_only=True)
class Opening:
    """The purpose of opening a backend.

    Attributes:
        makes_storage: absent storage is made; otherwise it is an error.
        uses_queues: queues are used, so they must be as a consumer needs them.
        absent_is_empty: absent storage that need not be made counts as empty.
    """

    makes_storage: bool = True
    uses_queues: bool = True
    absent_is_empty: bool = False


OPEN_ALL = Opening()
OPEN_STORES = Opening(makes_storage=False, uses_queues=False)


@frozen(kw_only=True)
class Backend(OpenedPorts):
    """An opened backend: its ports, and what operators see of it.

    Attributes:
        figures: counts the messages on the queues, in staging and in the dead letters.
        probes: checks that any process must pass to be ready, by name; each returns, or raises.
        work_probes: the same for a process that consumes.
        cheap_to_scan: all waiting rows may be read every few seconds.
        guard: raises ``StoreLost`` when no process that opened the backend can go on.
        made: the name of the storage, if opening made it.
        usage: counts the calls of a cloud's services.
        received: is called with announcements before any client gets them.
        exchange_report: stores the report of a process under its name and returns the reports of all processes.
        remove_report: removes it.
        read_seen: reads what ``write_seen`` wrote last, in any process; None if it was never called.
        write_seen: keeps the moment up to which an operator has seen what went wrong, for all processes.
        missing_bus_setting: the variable that makes announcements reach other processes, if they do not.
    """

    figures: Callable[[], Awaitable[Figures]]
    probes: Mapping[str, Callable[[], Awaitable[object]]] = field(factory=dict)
    work_probes: Mapping[str, Callable[[], Awaitable[object]]] = field(factory=dict)
    cheap_to_scan: bool = False
    guard: Callable[[], Awaitable[object]] | None = None
    made: str | None = None
    usage: Callable[[], CloudUsage | None] = field(default=lambda: None)
    received: Callable[[Sequence[Announcement]], None] = field(default=lambda _: None)
    exchange_report: Callable[[str, bytes], Awaitable[Sequence[bytes]]] | None = None
    remove_report: Callable[[str], Awaitable[None]] | None = None
    read_seen: Callable[[], Awaitable[bytes | None]] | None = None
    write_seen: Callable[[bytes], Awaitable[None]] | None = None
    missing_bus_setting: str | None = None

    @classmethod
    def of(cls, ports: OpenedPorts, *, figures: Callable[[], Awaitable[Figures]], **rest: Any) -> Backend:
        """A backend with these ports."""
        return cls(figures=figures, **rest, **{one.name: getattr(ports, one.name) for one in fields(OpenedPorts)})


@frozen(kw_only=True)
class TrialPlace:
    """Storage for trials of a backend, in resources of their own.

    Attributes:
        description: where that is, a line each.
        cost_dollars: about what a trial with so many events costs.
        make: makes the resources and yields each when it is done. A process that is killed meanwhile leaves none that
            ``remove_all`` does not find.
        settings_to_use: gives the settings that lead to what was made, by variable.
        remove: deletes the resources of this trial and yields each. A repeated call deletes the rest.
        remove_all: likewise, those of every trial.
    """

    description: Sequence[str]
    cost_dollars: Callable[[int], float]
    make: Callable[[], AsyncIterator[Provisioned]]
    settings_to_use: Callable[[Iterable[Provisioned]], Mapping[str, str]]
    remove: Callable[[], AsyncIterator[Provisioned]]
    remove_all: Callable[[], AsyncIterator[Provisioned]]


@frozen(kw_only=True)
class Explanation:
    """An error in the terms of an operator: one line, and whether the configuration is at fault."""

    line: str
    is_misconfiguration: bool


class BackendPlugin(BackendSettings, ABC):
    """A backend, before it is opened. See the base class for its settings.

    Attributes:
        is_lasting: what is stored survives the process.
        is_shared: several processes may use it at once; without it there is nothing to ``consume`` or ``publish``.
        consumes_by_default: ``linkhub serve`` consumes unless an option says otherwise.
        queue_system: the name of the queues' technology in traces, by OpenTelemetry's conventions.
        bus_system: the name of the announcements' technology.
        has_subscriptions: ``linkhub init --subscribe`` is supported.
    """

    is_lasting: ClassVar[bool] = True
    is_shared: ClassVar[bool] = True
    consumes_by_default: ClassVar[bool] = True
    queue_system: ClassVar[str] = "linkhub"
    bus_system: ClassVar[str] = "linkhub"
    has_subscriptions: ClassVar[bool] = False

    @abstractmethod
    def open(self, settings: Settings, clock: Clock, opening: Opening) -> AbstractAsyncContextManager[Backend]:
        """Open the ports; leaving the context closes everything.

        Raises:
            SettingsFaulty: a setting names something that does not exist or cannot be used.
            ServiceUnavailable: the technology cannot be reached.
        """

    def missing_package(self) -> Finding | None:
        """The fault that a package is not installed, with the command that installs it."""
        return None

    async def provision(
        self,
        settings: Settings,  # noqa: ARG002  for those that have something to provision
        clock: Clock,  # noqa: ARG002
        subscriptions: Sequence[str],  # noqa: ARG002
    ) -> AsyncIterator[Provisioned]:
        """Make what is absent; yield each resource when it is done. A repeated call changes nothing.

        Args:
            settings: loaded with this backend's ``placeholders``.
            clock: this machine's.
            subscriptions: ``PROTOCOL:ENDPOINT`` texts of services that want announcements.
        """
        nothing: Sequence[Provisioned] = ()
        for outcome in nothing:
            yield outcome

    def settings_to_use(self, settings: Settings, outcomes: Iterable[Provisioned]) -> Mapping[str, str]:  # noqa: ARG002
        """Texts by variable for ``.env``, from what :meth:`provision` made; without the backend's own name."""
        return {}

    def template(self, settings: Settings, subscriptions: Sequence[str]) -> str | None:  # noqa: ARG002
        """A file from which another tool makes the same resources; none if there is no such file."""
        return None

    def check(self, settings: Settings, clock: Clock) -> Sequence[Finding]:  # noqa: ARG002
        """Compare the settings with the resources that exist, and change nothing."""
        return ()

    def trial(self, settings: Settings, clock: Clock) -> AbstractContextManager[TrialPlace] | None:  # noqa: ARG002
        """A new trial; none if the backend needs none, because any directory will do."""
        return None

    def explain(self, error: LinkhubError) -> Explanation | None:  # noqa: ARG002  for those that have own errors
        """The setting and the command that mend an error of this backend's adapters; none for any other error."""
        return None
