"""Real gateways for tests: an instance made by `init`, served by its own processes on loopback."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen


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
    instance: Path
    url: str
    process: "subprocess.Popen[bytes]"


@contextmanager
def serving(instance: Path, port: int, *, scheme: str = "http") -> Iterator[Running]:
    """`xmeld-gateway serve` until the block ends."""
    log = (instance / "serve.log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", "gateway.cli", "serve", "-i", str(instance)],
        stdout=log,
        stderr=log,
        env=dict(os.environ),
    )
    try:
        _wait(process, port, instance, scheme)
        yield Running(instance, f"{scheme}://127.0.0.1:{port}/xmeld", process)
    finally:
        process.terminate()
        process.wait(timeout=40)
        log.close()


def _wait(process: "subprocess.Popen[bytes]", port: int, instance: Path, scheme: str) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        assert process.poll() is None, (instance / "serve.log").read_text(encoding="utf-8")
        try:
            if scheme == "http":
                urlopen(f"http://127.0.0.1:{port}/health", timeout=5).close()
            else:
                socket.create_connection(("127.0.0.1", port), timeout=5).close()
        except (URLError, OSError):
            time.sleep(0.05)
        else:
            return
    raise AssertionError("the gateway did not start: " + (instance / "serve.log").read_text(encoding="utf-8"))
