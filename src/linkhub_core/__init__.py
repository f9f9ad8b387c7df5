"""The front door of the core: ``from linkhub_core import AssembleBatch, Kind, ProductStore``.

It gives every public name of

    errors         the exceptions, one tree: transient or permanent
    model          the values: halves, products, versions, announcements
    ports          the protocols that an adapter implements, with their outcomes
    application    the use cases: assemble, complete, sweep, browse, dead letters, explain a video
    wire           JSON to model and back: codec, announcements, cursor

A name is imported when it is first used. Import from here: the modules behind it may change in any release.

The core does no I/O and reads no clock, no environment and no settings. Time and ids are arguments; what happened goes
to the :class:`~linkhub_core.ports.Journal`. Tests of adapters import :mod:`linkhub_core.testing`.
"""

from importlib import import_module
from typing import TYPE_CHECKING

_ROOMS = ("errors", "model", "ports", "application", "wire.announcements", "wire.codec", "wire.cursor")

if TYPE_CHECKING:
    from linkhub_core.application import *  # noqa: F403
    from linkhub_core.errors import *  # noqa: F403
    from linkhub_core.model import *  # noqa: F403
    from linkhub_core.ports import *  # noqa: F403
    from linkhub_core.wire.announcements import *  # noqa: F403
    from linkhub_core.wire.codec import *  # noqa: F403
    from linkhub_core.wire.cursor import *  # noqa: F403

    __all__: list[str]
else:

    def __getattr__(name: str) -> object:
        if name == "__all__":
            return sorted(name for room in _ROOMS for name in import_module(f"{__name__}.{room}").__all__)
        for room in _ROOMS:
            module = import_module(f"{__name__}.{room}")
            if name in module.__all__:
                return getattr(module, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
