"""What a process remembers of documents that it has read: no sender makes it grow, whether it is believed or not."""

import ctypes
import gc
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.envelope.osci import encryption
from gateway.envelope.osci.compose import NAMESPACES, RoleCertificate
from gateway.envelope.parse import MESSAGE, parse
from gateway.envelope.threads import Threads
from gateway.errors import Fault, FaultCode
from tests.envelope import workshop as soap
from tests.envelope.osci import workshop as osci

BUDGET = 1 << 20
DOCUMENTS = 40
GROWTH = 15  # MB; where the threads do not end it is 25 to 60


def resident() -> int:
    """Megabytes, without what was freed and is only kept for later."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096 >> 20


def invented(number: int, elements: int = 240) -> str:
    """Empty elements with names that nobody has seen before."""
    return "".join(f"<e{number:06d}{n:03d}{'x' * 3000} a{number:06d}{n:03d}{'y' * 100}=''/>" for n in range(elements))


def a_strangers_envelope(number: int) -> None:
    """Refused: it is not SOAP."""
    with pytest.raises(Fault):
        soap.umschlag().open(f"<a>{invented(number)}</a>".encode(), soap.NOW)


def further_headers_of_an_authority(number: int) -> None:
    """Accepted: SOAP 1.1 § 4.2 lets in what nobody must understand."""
    request = soap.request().replace(b"<soap:Header>", f"<soap:Header>{invented(number)}".encode())
    assert soap.umschlag().open(request, soap.NOW).nachricht == soap.NACHRICHT


def namespaces_of_an_authority(number: int) -> None:
    """Accepted: they are part of no name that is used."""
    declared = " ".join(f"xmlns:p{number:06d}{n:03d}='urn:{number:06d}{n:03d}{'z' * 8000}'" for n in range(150))
    request = soap.request().replace(b"<soap:Envelope", f"<soap:Envelope {declared}".encode())
    assert soap.umschlag().open(request, soap.NOW).nachricht == soap.NACHRICHT


def content_that_an_intermediary_delivers(number: int) -> None:
    """Refused, but only when it has been decrypted and parsed."""
    reader = RoleCertificate("CipherCertificateAddressee", osci.DELIVERY.reads().certificate)
    plain = f"<osci:ContentContainer {NAMESPACES}>{invented(number)}</osci:ContentContainer>".encode()
    encrypted = encryption.encrypted_content(plain, reader.certificate, reader.id, osci.POLICY)
    package = f'<xenc:EncryptedData {NAMESPACES} Id="e" MimeType="text/xml">{encrypted}</xenc:EncryptedData>'
    with pytest.raises(Fault) as caught:
        osci.empfaenger().umschlag().open(osci.DELIVERY.but(package=package).sealed(), osci.NOW)
    assert caught.value.code is FaultCode.CONTENT_INVALID


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs Linux to measure memory")
@pytest.mark.parametrize(
    "sent",
    [
        a_strangers_envelope,
        further_headers_of_an_authority,
        namespaces_of_an_authority,
        content_that_an_intermediary_delivers,
    ],
)
def test_invented_names_do_not_stay_in_memory(sent: Callable[[int], None]) -> None:
    threads = Threads(2, "test", BUDGET)

    def send(numbers: range) -> None:
        for number in numbers:
            threads.run(lambda: sent(number))  # noqa: B023

    send(range(20))
    growths: list[int] = []
    for batch in range(1, 4):  # what stays grows with every batch; what the allocator keeps, in one of them perhaps
        before = resident()
        send(range(DOCUMENTS * batch, DOCUMENTS * (batch + 1)))
        growths.append(resident() - before)
        if growths[-1] < GROWTH:
            break
    threads._pool.shutdown()  # what they remember is not to go while the next one is measured
    assert min(growths) < GROWTH


def test_a_thread_that_has_parsed_its_share_ends_and_what_waits_for_it_is_done() -> None:
    threads, begun, go_on = Threads(1, "test", budget=100), threading.Event(), threading.Event()

    def wear_out() -> threading.Thread:
        begun.set()
        go_on.wait(5)
        parse(b"<a>" + b" " * 100 + b"</a>", MESSAGE)
        return threading.current_thread()

    first = threads.submit(wear_out)
    begun.wait(5)
    waiting = threads.submit(threading.current_thread)
    go_on.set()
    old = first.result(5)
    assert waiting.result(5) is old
    old.join(5)
    assert not old.is_alive()
    assert threads.run(threading.current_thread) is not old


def test_a_process_that_was_forked_has_threads_of_its_own() -> None:
    threads = Threads(1, "test")
    threads.run(threading.current_thread)
    if not (child := os.fork()):
        os._exit(0 if threads.submit(lambda: True).result(5) else 1)
    assert os.waitpid(child, 0)[1] == 0


def test_a_thread_that_has_parsed_little_stays() -> None:
    threads = Threads(1, "test", budget=1000)
    one = threads.run(threading.current_thread)
    threads.run(lambda: parse(b"<a/>", MESSAGE))
    assert threads.run(threading.current_thread) is one


def test_a_thread_that_is_worn_out_ends_also_where_the_last_document_was_refused() -> None:
    threads = Threads(1, "test", budget=100)
    one = threads.run(threading.current_thread)
    with pytest.raises(Fault):
        threads.run(lambda: parse(b"<a>" + b" " * 100, MESSAGE))
    assert threads.run(threading.current_thread) is not one
