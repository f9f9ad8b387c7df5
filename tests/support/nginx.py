"""nginx in front of servers on loopback: a real proxy, with the configuration that the docs show.

Rule: everything that nginx writes is below the directory of the test; it runs in the foreground and ends with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.support import requirement
from tests.support.processes import Process, free_port

__all__ = ["FORWARDED", "run_nginx"]

FORWARDED = """
            proxy_http_version 1.1;
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header X-Forwarded-Proto $scheme;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection $connection_upgrade;
            proxy_buffering off;
            proxy_read_timeout 60s;
"""

_CONFIGURATION = """
daemon off;
worker_processes 1;
pid {home}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 512; }}
http {{
    access_log off;
    client_body_temp_path {home}/body;
    proxy_temp_path {home}/proxy;
    fastcgi_temp_path {home}/fastcgi;
    uwsgi_temp_path {home}/uwsgi;
    scgi_temp_path {home}/scgi;
    large_client_header_buffers 4 64k;
    map $http_upgrade $connection_upgrade {{ default upgrade; '' ''; }}
    upstream linkhub {{
        {balancing}
        {servers}
        keepalive 16;
        keepalive_timeout 60s;
    }}
    server {{
        listen 127.0.0.1:{port};
        {more}
        location / {{
            {location}
            proxy_pass http://linkhub;
        }}
    }}
}}
"""


@contextmanager
def run_nginx(
    home: Path, upstreams: Sequence[str], *, balancing: str = "", location: str = FORWARDED, more: str = ""
) -> Iterator[str]:
    """Run nginx; give its address.

    Args:
        home: a directory for its configuration and temporary files.
        upstreams: the servers behind it, as ``host:port``.
        balancing: directives of the upstream, such as ``ip_hash;``; without them requests go round.
        location: directives of the location that passes all requests on.
        more: further directives of the server.
    """
    nginx, port = requirement.require(requirement.NGINX), free_port()
    # A server that is restarted is tried again at once: tests restart them one after the other.
    servers = "\n        ".join(f"server {upstream} max_fails=0;" for upstream in upstreams)
    configuration = home / "nginx.conf"
    configuration.write_text(
        _CONFIGURATION.format(home=home, port=port, servers=servers, balancing=balancing, location=location, more=more)
    )
    with Process([nginx, "-p", home, "-c", configuration], cwd=home) as process:
        process.wait_for_http(f"http://127.0.0.1:{port}/healthz")
        yield f"http://127.0.0.1:{port}"
