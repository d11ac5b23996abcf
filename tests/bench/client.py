"""The load: sends signed requests over connections that stay open, each with a thread of its own.

`python -m tests.bench.client PORT FILE CONNECTIONS`, a process beside the gateway's. FILE holds the requests, each
behind its length in four bytes. Prints seconds and latencies as JSON; any answer that is not one is an error.
"""

import json
import socket
import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

TIMEOUT = 30.0  # seconds

_LENGTH = 4
_END_OF_HEAD = b"\r\n\r\n"


def write(path: Path, requests: Iterable[bytes]) -> None:
    """The file that the process reads."""
    with path.open("wb") as file:
        for request in requests:
            file.write(len(request).to_bytes(_LENGTH, "big") + request)


def _read(path: Path) -> Iterator[bytes]:
    data = path.read_bytes()
    place = 0
    while place < len(data):
        end = place + _LENGTH + int.from_bytes(data[place : place + _LENGTH], "big")
        yield data[place + _LENGTH : end]
        place = end


class Connection:
    """A kept connection to a gateway on loopback."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._head = f"POST /xmeld HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: text/xml; charset=utf-8\r\n"

    def post(self, body: bytes) -> bytes:
        """The answer's body. Raises ConnectionError for any other status than 200."""
        return self.exchange(body)[1]

    def exchange(self, body: bytes) -> tuple[bytes, bytes]:
        """The answer's head and body. Raises ConnectionError for any other status than 200."""
        self._socket.sendall(f"{self._head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        answer = b""
        while _END_OF_HEAD not in answer:
            answer += self._receive()
        head, _, begun = answer.partition(_END_OF_HEAD)
        if not head.startswith(b"HTTP/1.1 200 "):
            raise ConnectionError(head.partition(b"\r\n")[0].decode("ascii", "replace"))
        length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        parts = [begun]
        missing = length - len(begun)
        while missing > 0:
            parts.append(self._receive())
            missing -= len(parts[-1])
        return head, b"".join(parts)

    def _receive(self) -> bytes:
        received = self._socket.recv(1 << 18)
        if not received:
            raise ConnectionError("closed before the answer was whole")
        return received

    def close(self) -> None:
        self._socket.close()


def _work(port: int, queue: deque[bytes], latencies: list[float]) -> None:
    connection = Connection(port)
    try:
        while queue:
            try:
                request = queue.popleft()
            except IndexError:  # another thread took the last one
                return
            start = time.perf_counter()
            answer = connection.post(request)
            latencies.append(time.perf_counter() - start)
            if b"xmeldAntwort" not in answer:
                raise ConnectionError("the answer is not one of the gateway")
    finally:
        connection.close()


def main() -> None:
    port, path, connections = int(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    queue = deque(_read(path))
    latencies: list[float] = []
    start = time.perf_counter()
    with ThreadPoolExecutor(connections) as pool:
        for done in [pool.submit(_work, port, queue, latencies) for _ in range(connections)]:
            done.result()
    json.dump({"seconds": time.perf_counter() - start, "latencies": latencies}, sys.stdout)


if __name__ == "__main__":
    main()
