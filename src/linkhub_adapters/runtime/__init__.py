"""The loops of linkhub on asyncio: consume, sweep, listen, and other periodic work.

Each loop has a coroutine ``run(stop)``, which ends soon after ``stop`` is set and completes its current work first. A
service that uses linkhub as a library runs these coroutines. A loop survives every failure of its calls: it writes a
journal entry, waits, and continues.
"""

from linkhub_adapters.runtime.bus_listener import Listener
from linkhub_adapters.runtime.consumer import Consumer
from linkhub_adapters.runtime.periodic import Guard, Repeater
from linkhub_adapters.runtime.waiting import SystemClock

__all__ = ["Consumer", "Guard", "Listener", "Repeater", "SystemClock"]
