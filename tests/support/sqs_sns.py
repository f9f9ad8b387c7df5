"""A server that speaks the protocols of SQS and SNS, for tests: ministack, in a process of its own, on loopback.

Measured against moto's server: the same answers where it matters (visibility, receive counts, partial batches, redrive,
long polls, FIFO groups, SNS to SQS), and moto needs a second for one receive from a queue of 2,000 messages where this
needs 5 ms. Where it differs from SQS, tests must not rely on it:

 - deleting with a receipt handle that is spent (the message is gone, or was received again) is reported as
   ``ReceiptHandleIsInvalid``; SQS reports success and does nothing;
 - an empty batch, and two entries with one id, are accepted;
 - a message may wait up to 100 ms before a long poll that was waiting for it returns;
 - ``StartMessageMoveTask`` and ``ListDeadLetterSourceQueues`` do not exist.
"""

import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support import requirement
from tests.support.processes import Process


@contextmanager
def run_sqs_sns(app: str = "ministack.app:app") -> Iterator[str]:
    """Run a server of its own, and give its endpoint URL, good for SQS and SNS alike, once it answers.

    ``app`` may be another application of ours around ministack's, such as that of :mod:`~.sqs_on_a_clock`.

    Ends the test as ``requirement.missing`` does where the package ``ministack`` is missing.
    """
    requirement.require_module("ministack")
    with socket.create_server(("127.0.0.1", 0)) as listener, tempfile.TemporaryDirectory() as home:
        port = listener.getsockname()[1]
        # The server inherits a socket that listens already: no other process can take the port in between.
        descriptor = listener.fileno()
        with Process(
            [sys.executable, "-m", "hypercorn", "-w", "0", "--bind", f"fd://{descriptor}", app],
            environment=_environment(port, home),
            cwd=Path(__file__).parents[2],
            pass_fds=[descriptor],
        ) as process:
            listener.close()  # only the server holds the port now: when it dies, connections are refused
            process.wait_for_http(f"http://127.0.0.1:{port}/_ministack/health")
            yield f"http://127.0.0.1:{port}"


def _environment(port: int, home: str) -> dict[str, str]:
    return {
        "GATEWAY_PORT": str(port),  # what it writes into queue URLs
        "MINISTACK_HOST": "127.0.0.1",
        "SERVICES": "sqs,sns",
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        "DOCKER_HOST": f"unix://{home}/no-docker.sock",
        "HOME": home,
        "TMPDIR": home,
        "LOG_LEVEL": "WARNING",
    }
