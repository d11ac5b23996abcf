"""Requests that are too large or too slow cost nobody else anything."""

import concurrent.futures
import socket
import time
from collections.abc import Iterator

import pytest

from gateway.web.request import READ_TIMEOUT
from tests.web.site import Response, Site, head, read_reply

pytestmark = pytest.mark.xdist_group("web")

LIMIT = 1_000_000  # bytes, as init configures it
CHUNK = b"%x\r\n%b\r\n" % (65536, b"x" * 65536)
SLOW = 40  # senders, more than there are threads in both workers


@pytest.fixture
def site(running_site: Site) -> Site:
    return running_site


def pour(connection: socket.socket, limit: int = 300_000_000) -> int:
    """Sends chunks without end; how many bytes it got rid of before it was cut off."""
    sent = 0
    try:
        while sent < limit:
            connection.sendall(CHUNK)
            sent += len(CHUNK)
    except (BrokenPipeError, ConnectionResetError):
        pass
    return sent


def test_an_announced_size_over_the_limit_is_cut_off_unread(site: Site) -> None:
    with site.connect() as connection:
        connection.sendall(head(LIMIT + 1))
        response = read_reply(connection)
    assert (response.status, response.headers["Connection"]) == (413, "close")
    assert site.outcome(response.body) == "fault TOO_LARGE"
    assert site.newest() == ("TOO_LARGE",)


def test_a_size_of_thousands_of_digits_is_refused_without_reading_it(site: Site) -> None:
    with site.connect() as connection:
        connection.sendall(head(0).replace(b"Content-Length: 0", b"Content-Length: " + b"9" * 5000))
        assert read_reply(connection).status in (400, 413)


def test_an_endless_body_is_cut_off_and_the_workers_memory_stays_bounded(site: Site) -> None:
    before = site.running.resident_mb()
    with site.connect() as connection:
        connection.sendall(head(None))
        sent = pour(connection)
        response = read_reply(connection)
    assert sent < 20 * LIMIT
    assert response.status == 413
    assert site.outcome(response.body) == "fault TOO_LARGE"
    assert site.newest() == ("TOO_LARGE",)
    assert site.running.resident_mb() - before < 20


def test_many_endless_bodies_at_once_are_cut_off(site: Site) -> None:
    def endless(_: int) -> int:
        with site.connect() as connection:
            connection.sendall(head(None))
            return pour(connection)

    before, records = site.running.resident_mb(), site.records()
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        sent = list(pool.map(endless, range(20)))
    assert max(sent) < 20 * LIMIT
    assert site.running.resident_mb() - before < 100
    site.wait_for_records(records + 20)


def test_a_body_of_exactly_the_limit_is_read(site: Site) -> None:
    response = site.send("POST", "/xmeld", b"x" * LIMIT, Content_Type="text/xml")
    assert site.outcome(response.body) == "fault NOT_WELLFORMED"


def loris(site: Site) -> Iterator[socket.socket]:
    for _ in range(SLOW):
        connection = site.connect()
        connection.sendall(head(5000) + b"<")
        yield connection


def test_slow_senders_hold_nobody_up_and_are_cut_off(site: Site) -> None:
    records = site.records()
    silent, half_a_head = site.connect(), site.connect()
    half_a_head.sendall(b"POST /xm")
    slow = list(loris(site))
    begin = time.monotonic()
    for second in range(READ_TIMEOUT):
        assert site.ask() == "01"
        assert time.monotonic() - begin < second + 1, "an exchange waited for a slow sender"
        time.sleep(max(0.0, begin + second + 1 - time.monotonic()))
        if second < READ_TIMEOUT - 2:
            for connection in slow:
                connection.sendall(b"a")
    responses: list[Response] = [read_reply(connection) for connection in slow]
    assert {response.status for response in responses} == {408}
    assert {site.outcome(response.body) for response in responses} == {"fault INCOMPLETE"}
    assert silent.recv(1) == half_a_head.recv(1) == b""
    assert time.monotonic() - begin < READ_TIMEOUT + 5
    assert site.records() == records + READ_TIMEOUT + SLOW
    for connection in (silent, half_a_head, *slow):
        connection.close()
