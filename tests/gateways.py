"""Real gateways for tests: an instance made by `init`, served by its own processes on loopback."""

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from gateway.worker import NAME


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def command(*words: str | Path, **options: object) -> "subprocess.CompletedProcess[str]":
    """Runs `xmeld-gateway` as its user would."""
    return subprocess.run(
        [sys.executable, "-m", "gateway.cli", *map(str, words)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        **options,  # type: ignore[call-overload]
    )


def succeed(*words: str | Path) -> str:
    done = command(*words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def set_key(instance: Path, line: str, by: str) -> None:
    """Changes one line of gateway.toml."""
    path = instance / "gateway.toml"
    text = path.read_text(encoding="utf-8")
    assert line in text
    path.write_text(text.replace(line, by, 1), encoding="utf-8")


@dataclass(frozen=True)
class Running:
    """A gateway that is served."""

    instance: Path
    url: str
    process: "subprocess.Popen[bytes]"

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or 0

    @property
    def log(self) -> str:
        return (self.instance / "serve.log").read_text(encoding="utf-8")

    def workers(self) -> list[int]:
        """Process ids of the workers that answer."""
        return [pid for pid in self._children(self.process.pid) if not self._follows_answers(pid)]

    def nachlauf(self) -> list[int]:
        """Process ids of the worker for what follows answers: none while it is being replaced."""
        return self._children(self.supervisor())

    def supervisor(self) -> int:
        """Process id of the one that keeps that worker running."""
        (pid,) = [pid for pid in self._children(self.process.pid) if self._follows_answers(pid)]
        return pid

    @staticmethod
    def _follows_answers(pid: int) -> bool:
        return Path(f"/proc/{pid}/comm").read_text().strip() == NAME

    @staticmethod
    def _children(pid: int) -> list[int]:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [int(pid) for pid in children if "resource_tracker" not in Path(f"/proc/{pid}/cmdline").read_text()]

    def resident_mb(self) -> float:
        """Resident memory of all workers."""
        statm = [Path(f"/proc/{pid}/statm").read_text().split() for pid in self.workers()]
        return sum(int(fields[1]) for fields in statm) * os.sysconf("SC_PAGESIZE") / 1e6


@contextmanager
def serving(instance: Path, port: int, *, scheme: str = "http", module: str = "gateway.cli") -> Iterator[Running]:
    """`xmeld-gateway serve` until the block ends; another `module` is one that has changed something before."""
    with (instance / "serve.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", module, "serve", "-i", str(instance)],
            stdout=log,
            stderr=log,
            start_new_session=True,  # as in a terminal of its own
        )
        running = Running(instance, f"{scheme}://127.0.0.1:{port}/xmeld", process)
        try:
            _wait(running)
            yield running
        finally:
            process.terminate()
            process.wait(timeout=40)


def _wait(running: Running) -> None:
    """Until a worker answers, or with TLS listens."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        assert running.process.poll() is None, running.log
        try:
            if running.url.startswith("https:"):
                socket.create_connection(("127.0.0.1", running.port), timeout=5).close()
                return
            connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=5)
            connection.request("GET", "/health", headers={"Connection": "close"})
            assert connection.getresponse().read()
            connection.close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"the gateway did not start: {running.log}")
