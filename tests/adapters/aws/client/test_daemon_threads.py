"""Threads that a process does not wait for."""

import subprocess
import sys
import threading

from linkhub_adapters.aws.client.daemon_threads import DaemonThreads

_SAFETY_SECONDS = 30


def test_jobs_run_at_once_up_to_the_limit() -> None:
    """Two threads are made for two jobs; a third job waits for one of them."""
    threads = DaemonThreads(2, "test")
    together = threading.Barrier(3)
    third = threading.Event()

    def meet() -> None:
        together.wait(_SAFETY_SECONDS)

    for _ in range(2):
        threads.start(meet)
    threads.start(third.set)
    assert not third.is_set()
    together.wait(_SAFETY_SECONDS)
    assert third.wait(_SAFETY_SECONDS)
    threads.end()


def test_threads_are_used_again() -> None:
    """Many jobs, one after another, need no more threads than may run at once."""
    threads = DaemonThreads(2, "test")
    names: set[str] = set()
    for _ in range(20):
        done = threading.Event()

        def job(done: threading.Event = done) -> None:
            names.add(threading.current_thread().name)
            done.set()

        threads.start(job)
        assert done.wait(_SAFETY_SECONDS)
    assert names <= {"test-0", "test-1"}
    threads.end()


def test_a_process_ends_while_a_job_still_blocks() -> None:
    """The interpreter joins no thread of ours."""
    program = (
        "import threading\n"
        "from linkhub_adapters.aws.client.daemon_threads import DaemonThreads\n"
        "DaemonThreads(1, 'test').start(threading.Event().wait)\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], check=False, timeout=_SAFETY_SECONDS)
    assert ended.returncode == 0
