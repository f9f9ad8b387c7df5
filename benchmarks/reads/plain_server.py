"""The yardstick: a plain Starlette route that joins the JSON of a shop's newest products, read from linkhub's file.

``python -m benchmarks.reads.plain_server FILE`` prints its port. It reads on the event loop and answers no conditional
request: it is the cost of a service that only reads and answers.
"""

from __future__ import annotations

import socket
import sqlite3
import sys
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_PAGE = "SELECT document FROM products WHERE seller_handle = ? ORDER BY video_id DESC LIMIT 21"


def _app(file: Path) -> Starlette:
    connection = sqlite3.connect(file)

    async def page(request: Request) -> Response:
        rows = connection.execute(_PAGE, (request.path_params["handle"],)).fetchall()
        more = b"true" if len(rows) > 20 else b"false"
        body = b'{"products":[%b],"hasMore":%b}' % (b",".join([document for (document,) in rows[:20]]), more)
        return Response(body, media_type="application/json")

    return Starlette(routes=[Route("/api/v1/shop/{handle}/products", page)])


def main(file: Path) -> None:
    """Serve until the process is ended."""
    listening = socket.create_server(("127.0.0.1", 0))
    print(listening.getsockname()[1], flush=True)
    config = uvicorn.Config(_app(file), log_config=None, access_log=False, server_header=False, lifespan="off")
    uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
