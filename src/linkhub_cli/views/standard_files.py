"""The three standard files of the process, opened if it was started without them.

A process that was started with one of them closed (``linkhub serve <&-``) gets its number for the next file that is
opened, a socket perhaps: what is printed then goes to a client, and libuv aborts when it closes a number below 3.
"""

from __future__ import annotations

import os
import sys
from typing import Literal, TextIO

_INPUT, _OUTPUT, _ERRORS = 0, 1, 2


def open_standard_files() -> None:
    """Open ``/dev/null`` for each of the three that is closed; call it before anything else is opened."""
    for number in (_INPUT, _OUTPUT, _ERRORS):
        try:
            os.fstat(number)
        except OSError:
            # It gets the lowest free number, which is this one. Results must not vanish: writing them fails.
            os.open(os.devnull, os.O_RDONLY if number == _OUTPUT else os.O_RDWR)
    sys.stdin = sys.stdin or _stream(_INPUT, "r")
    sys.stdout = sys.stdout or _stream(_OUTPUT, "w")
    sys.stderr = sys.stderr or _stream(_ERRORS, "w")


def _stream(number: int, mode: Literal["r", "w"]) -> TextIO:
    return open(number, mode, encoding="utf-8", errors="backslashreplace", closefd=False)
