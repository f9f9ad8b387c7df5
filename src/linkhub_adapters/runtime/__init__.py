"""The loops that keep linkhub going on asyncio: consume, sweep, listen, and take figures.

Each loop is a value with a ``run(stop)`` coroutine that ends soon after ``stop`` is set, with nothing half done: this
is what a service of your own runs when it uses linkhub as a library. A loop survives every failure of what it calls;
it tells the journal, waits, and goes on.
"""

from linkhub_adapters.runtime.bus_listener import Listener
from linkhub_adapters.runtime.consumer import Consumer
from linkhub_adapters.runtime.guard import Guard
from linkhub_adapters.runtime.repeater import Repeater
from linkhub_adapters.runtime.system_clock import SystemClock

__all__ = ["Consumer", "Guard", "Listener", "Repeater", "SystemClock"]
