"""MIME as the reference library writes it, and nothing that could be read in two ways."""

import pytest

from gateway.envelope.osci import mime
from gateway.envelope.osci.mime import Part
from gateway.errors import Fault, FaultCode

ENVELOPE = b"<e/>"
ATTACHMENTS = (Part("a1", "application/octet-stream", b"\r\n--x\x00\xff"), Part("a2", "application/octet-stream", b""))


def multipart(*parts: bytes, boundary: str = "B/+=_x", head: str = "", end: bytes = b"--\r\n") -> bytes:
    first = head or f"MIME-Version: 1.0\r\nContent-Type: Multipart/Related; boundary={boundary}; type=text/xml\r\n"
    delimiter = b"\r\n--" + boundary.encode()
    return first.encode() + b"".join(delimiter + b"\r\n" + part for part in parts) + delimiter + end


def part(data: bytes, name: str = "osci@message", kind: str = "text/xml", encoding: str = "8bit") -> bytes:
    head = f"Content-Type: {kind}\r\nContent-Transfer-Encoding: {encoding}\r\nContent-ID: <{name}>\r\n\r\n"
    return head.encode() + data


MESSAGE = part(ENVELOPE)


def test_what_is_written_is_read() -> None:
    read = mime.read(mime.write(ENVELOPE, ATTACHMENTS))
    assert (read.envelope, read.attachments) == (ENVELOPE, ATTACHMENTS)


def test_a_boundary_need_not_be_quoted_and_may_be() -> None:
    assert mime.read(multipart(MESSAGE)).envelope == ENVELOPE
    quoted = multipart(MESSAGE).replace(b"boundary=B/+=_x", b'boundary="B/+=_x"')
    assert mime.read(quoted).envelope == ENVELOPE


@pytest.mark.parametrize(("kind", "encoding"), [("text/base64", "7bit"), ("application/octet-stream", "base64")])
def test_base64_parts_are_decoded(kind: str, encoding: str) -> None:
    read = mime.read(multipart(MESSAGE, part(b"Z3J1\r\nZXNz\r\n", "osci_enc", kind, encoding)))
    assert read.attachment("cid:osci_enc") == Part("osci_enc", kind, b"gruess")


def test_a_content_length_is_not_believed_and_header_lines_may_be_folded() -> None:
    odd = part(ENVELOPE).replace(b"Content-ID", b"Content-Length: 2202\r\nContent-ID", 1)
    assert mime.read(multipart(odd.replace(b"Content-ID: ", b"content-id:\r\n  "))).envelope == ENVELOPE


def test_some_blank_lines_may_stand_in_front_but_not_any_number() -> None:
    assert mime.read(b"\r\n" * 32 + multipart(MESSAGE)).envelope == ENVELOPE
    with pytest.raises(Fault):
        mime.read(b"\r\n" * 33 + multipart(MESSAGE))


def test_a_part_is_found_by_its_exact_cid_only() -> None:
    read = mime.read(mime.write(ENVELOPE, ATTACHMENTS))
    assert read.attachment("cid:a1") is not None
    assert [read.attachment(uri) for uri in ("a1", "#a1", "cid:A1", "cid:", "cid:osci@message")] == [None] * 5


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\r\n" * 10,
        b"<soap:Envelope/>",
        multipart(MESSAGE)[:-4],
        multipart(MESSAGE)[:-12],
        multipart(MESSAGE, end=b"\r\n"),
        multipart(MESSAGE, end=b"--\r\nhidden"),
        multipart(MESSAGE, end=b"-"),
        multipart(),
        multipart(MESSAGE, boundary="ä"),
        multipart(MESSAGE, boundary="a b"),
        multipart(MESSAGE, boundary="x" * 71),
        multipart(MESSAGE, head="MIME-Version: 1.0\r\nContent-Type: Multipart/Related\r\n"),
        multipart(MESSAGE, head="MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=B/+=_x\r\n"),
        multipart(MESSAGE, head="MIME-Version: 1.1\r\nContent-Type: Multipart/Related; boundary=B/+=_x\r\n"),
        multipart(MESSAGE, head="Content-Type: Multipart/Related; boundary=B/+=_x; boundary=C\r\n"),
        multipart(MESSAGE, head="Content-Type: Multipart/Related; boundary=B/+=_x\r\nContent-Type: text/xml\r\n"),
        multipart(MESSAGE, head="MIME-Version: 1.0\r\nX: " + "y" * 5000),
        multipart(MESSAGE, head="".join(f"X-{n}: y\r\n" for n in range(20))),
        multipart(MESSAGE, head="no colon\r\n"),
        multipart(MESSAGE, MESSAGE),
        multipart(MESSAGE, part(b"", "a"), part(b"", "a")),
        multipart(MESSAGE, *(part(b"", f"a{n}") for n in range(16))),
        multipart(part(ENVELOPE, kind="application/octet-stream")),
        multipart(part(ENVELOPE, kind="text/xml; charset=ISO-8859-1")),
        multipart(part(ENVELOPE, encoding="quoted-printable")),
        multipart(part(ENVELOPE, encoding="base64")),
        multipart(part(ENVELOPE, name="")),
        multipart(part(ENVELOPE, name="a>b<c")),
        multipart(MESSAGE).replace(b"Content-ID: <osci@message>\r\n", b""),
        multipart(MESSAGE).replace(b"\r\n", b"\n"),
        multipart(MESSAGE).replace(b"--B/+=_x\r\n", b"--B/+=_xy\r\n"),
        multipart(MESSAGE).replace(b"Content-ID", "Contänt-ID".encode()),
    ],
)
def test_what_is_not_such_a_message_is_refused(data: bytes) -> None:
    with pytest.raises(Fault) as caught:
        mime.read(data)
    assert caught.value.code is FaultCode.NOT_MIME
