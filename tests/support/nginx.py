"""nginx in front of servers on loopback: a real proxy, with the configuration of ``deploy/nginx.conf``.

Rule: everything that nginx writes is below the directory of the test; it runs in the foreground and ends with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.support import requirement
from tests.support.processes import Process, free_port

CONFIGURATION: Final = Path(__file__).parents[2] / "deploy" / "nginx.conf"
_LOCATION = re.compile(r"proxy_pass http://linkhub;\n(.*?)        }\n", re.DOTALL)


def _configuration(home: Path, port: int, servers: str, *, balancing: str, with_headers: bool, more: str) -> str:
    """``deploy/nginx.conf`` with other ports, servers and places: the lines that it marks for tests."""
    lines = CONFIGURATION.read_text(encoding="utf-8").replace("/tmp/", f"{home}/")  # noqa: S108  the place that it replaces
    marked = {"balancing": balancing, "servers": servers, "listen": f"listen 127.0.0.1:{port};\n{more}"}
    for mark, replacement in marked.items():
        lines, count = re.subn(rf"^.*# tests: {mark}$", lambda _, new=replacement: new, lines, flags=re.MULTILINE)  # type: ignore[misc]
        assert count == 1, f"{CONFIGURATION} has no line for {mark}"
    return lines if with_headers else _LOCATION.sub("proxy_pass http://linkhub;\n        }\n", lines)


@contextmanager
def run_nginx(
    home: Path, upstreams: Sequence[str], *, balancing: str = "", with_headers: bool = True, more: str = ""
) -> Iterator[str]:
    """Run nginx with ``deploy/nginx.conf``; give its address.

    Args:
        home: a directory for its configuration and temporary files.
        upstreams: the servers behind it, as ``host:port``.
        balancing: directives of the upstream, such as ``ip_hash;``; without them requests go round.
        with_headers: whether the location is as in the file; else it only passes requests on, as nginx does by default.
        more: further directives of the server.
    """
    nginx, port = requirement.require(requirement.NGINX), free_port()
    # A server that is restarted is tried again at once: tests restart them one after the other.
    servers = "\n".join(f"server {upstream} max_fails=0;" for upstream in upstreams)
    configuration = home / "nginx.conf"
    text = _configuration(home, port, servers, balancing=balancing, with_headers=with_headers, more=more)
    configuration.write_text(text, encoding="utf-8")
    with Process([nginx, "-p", home, "-c", configuration, "-g", "daemon off;"], cwd=home) as process:
        process.wait_for_http(f"http://127.0.0.1:{port}/healthz")
        yield f"http://127.0.0.1:{port}"
