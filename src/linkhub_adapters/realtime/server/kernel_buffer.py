"""What of a connection waits in the kernel: bytes that were written, and that the other end has not taken.

Linux takes up to some megabytes for a reader that reads nothing; a transport that wrote them has nothing unsent.
"""

from __future__ import annotations

import array
import asyncio
import fcntl
import termios

__all__ = ["bytes_in_kernel"]


def bytes_in_kernel(transport: asyncio.BaseTransport) -> int:
    """How many written bytes the other end has not taken; 0 where that cannot be asked."""
    connection = transport.get_extra_info("socket")
    answer = array.array("i", [0])
    try:
        fcntl.ioctl(connection.fileno(), termios.TIOCOUTQ, answer)
    except (AttributeError, OSError, ValueError):
        return 0  # no socket, or one that is closed
    return answer[0]
