"""Documents made to exhaust or deceive an XML parser: refused, with the right fault and without a long wait.

Sources: the billion laughs and external entity attacks (CWE-776, CWE-611), XInclude as an entity in disguise, comments
that cut a text in two (CVE-2017-11427 and its kin), attribute and namespace floods (measured: 40 s and 110 s in C14N).
"""

import time
from dataclasses import replace

import pytest

from gateway.envelope.parse import ENVELOPE, MESSAGE, Limits, parse
from gateway.errors import Fault, FaultCode
from tests.envelope.workshop import ENCODED, NACHRICHT, NOW, fault_of, request, umschlag

LAUGHS = b"".join(b'<!ENTITY l%d "%b">' % (n, b"&l%d;" % (n - 1) * 10) for n in range(1, 10))
SECONDS = 0.5  # of processor time, what a refusal may take; the floods below took 40 and more


def inside(content: str) -> bytes:
    """A proper request with something in place of the message, where the signature does not matter any more."""
    return request().replace(ENCODED.encode(), content.encode())


def before_root(text: bytes) -> bytes:
    return text + request()


def flooded(attributes: str) -> bytes:
    return request().replace(b"<soap:Header>", f"<soap:Header {attributes}>".encode())


ENVELOPES = {
    "an internal DTD": (before_root(b"<!DOCTYPE x>"), FaultCode.FORBIDDEN_XML),
    "a DTD behind a declaration": (
        before_root(b'<?xml version="1.0"?>\n<!DOCTYPE x SYSTEM "x.dtd">'),
        FaultCode.FORBIDDEN_XML,
    ),
    "a billion laughs": (
        before_root(b'<!DOCTYPE x [<!ENTITY l0 "ha">' + LAUGHS + b"]>").replace(ENCODED.encode(), b"&l9;"),
        FaultCode.FORBIDDEN_XML,
    ),
    "an external entity": (
        before_root(b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>').replace(ENCODED.encode(), b"&e;"),
        FaultCode.FORBIDDEN_XML,
    ),
    "a parameter entity": (
        before_root(b'<!DOCTYPE x [<!ENTITY % p SYSTEM "http://127.0.0.1:1/"> %p;]>'),
        FaultCode.FORBIDDEN_XML,
    ),
    "an entity that nobody declared": (inside("&e;"), FaultCode.NOT_WELLFORMED),
    "a comment in the base64 text": (inside(f"{ENCODED[:8]}<!-- -->{ENCODED[8:]}"), FaultCode.FORBIDDEN_XML),
    "a comment in the token": (request().replace(b"MII", b"MII<!-- -->"), FaultCode.FORBIDDEN_XML),
    "a comment before the envelope": (before_root(b"<!-- -->"), FaultCode.FORBIDDEN_XML),
    "a processing instruction": (inside(f"{ENCODED[:8]}<?php ?>{ENCODED[8:]}"), FaultCode.FORBIDDEN_XML),
    "a processing instruction before the envelope": (before_root(b"<?pi ?>"), FaultCode.FORBIDDEN_XML),
    "a second XML declaration": (before_root(b'<?xml version="1.0"?><?xml version="1.0"?>'), FaultCode.FORBIDDEN_XML),
    "an XInclude": (
        inside('<x:include xmlns:x="http://www.w3.org/2001/XInclude" href="/etc/passwd"/>'),
        FaultCode.SIGNATURE_INVALID,
    ),
    "UTF-16 with byte order mark": (request().decode().encode("utf-16"), FaultCode.NOT_UTF8),
    "UTF-16 without byte order mark": (request().decode().encode("utf-16-le"), FaultCode.NOT_UTF8),
    "UTF-16 big endian": (request().decode().encode("utf-16-be"), FaultCode.NOT_UTF8),
    "UTF-32": (request().decode().encode("utf-32-be"), FaultCode.NOT_UTF8),
    "UTF-7": (before_root(b'<?xml version="1.0" encoding="UTF-7"?>'), FaultCode.NOT_UTF8),
    "a wrong declared encoding": (before_root(b"<?xml version='1.0' encoding='ISO-8859-1'?>"), FaultCode.NOT_UTF8),
    "EBCDIC": (request().decode().encode("cp500"), FaultCode.NOT_UTF8),
    "a Latin-1 letter": (inside("M\xfcller").decode().encode("latin-1"), FaultCode.NOT_UTF8),
    "an overlong UTF-8 sequence": (request().replace(ENCODED.encode(), b"\xc0\xbc"), FaultCode.NOT_UTF8),
    "a surrogate in UTF-8": (request().replace(ENCODED.encode(), b"\xed\xa0\x80"), FaultCode.NOT_UTF8),
    "a NUL": (request().replace(b"<soap:Header>", b"<soap:Header>\x00"), FaultCode.NOT_WELLFORMED),
    "a NUL at the end with more behind it": (request() + b"\x00<more/>", FaultCode.NOT_WELLFORMED),
    "a NUL by reference": (inside("&#0;"), FaultCode.NOT_WELLFORMED),
    "nothing": (b"", FaultCode.NOT_WELLFORMED),
    "a byte order mark alone": (b"\xef\xbb\xbf", FaultCode.NOT_WELLFORMED),
    "a truncated document": (request()[:-10], FaultCode.NOT_WELLFORMED),
    "two documents": (request() * 2, FaultCode.NOT_WELLFORMED),
    "an undeclared prefix": (inside("<no:such/>"), FaultCode.NOT_WELLFORMED),
    "an attribute twice": (flooded('a="1" a="2"'), FaultCode.NOT_WELLFORMED),
    "an attribute twice by two prefixes": (
        flooded('xmlns:p="urn:u" xmlns:q="urn:u" p:a="1" q:a="2"'),
        FaultCode.NOT_WELLFORMED,
    ),
    "deep nesting": (inside("<a>" * 200 + "</a>" * 200), FaultCode.FORBIDDEN_XML),
    "nesting just over the limit": (inside("<a>" * 30 + "</a>" * 30), FaultCode.FORBIDDEN_XML),
    "100,000 elements": (inside("<a/>" * 100_000), FaultCode.FORBIDDEN_XML),
    "100,000 attributes": (flooded(" ".join(f'a{n}=""' for n in range(100_000))), FaultCode.FORBIDDEN_XML),
    "65 attributes": (flooded(" ".join(f'a{n}=""' for n in range(65))), FaultCode.FORBIDDEN_XML),
    "100,000 namespaces": (flooded(" ".join(f'xmlns:n{n}="u"' for n in range(100_000))), FaultCode.FORBIDDEN_XML),
    "a huge text": (inside("A" * (ENVELOPE.max_bytes + 1)), FaultCode.TOO_LARGE),
    "a long name": (inside(f"<{'a' * 100_000}/>"), FaultCode.NOT_WELLFORMED),
}


@pytest.mark.parametrize("name", ENVELOPES)
def test_a_hostile_envelope_is_refused_at_once(name: str) -> None:
    data, expected = ENVELOPES[name]
    before = time.process_time()
    code = fault_of(data)
    assert time.process_time() - before < SECONDS
    assert code is expected


def test_a_byte_order_mark_a_declaration_and_cdata_are_accepted() -> None:
    plain = request()
    assert umschlag().open(b"\xef\xbb\xbf" + plain, NOW).nachricht == NACHRICHT
    assert umschlag().open(b'<?xml version="1.0" encoding="utf-8"?>\n' + plain, NOW).nachricht == NACHRICHT
    cdata = plain.replace(ENCODED.encode(), f"<![CDATA[{ENCODED}]]>".encode())
    assert umschlag().open(cdata, NOW).nachricht == NACHRICHT


@pytest.mark.parametrize("limits", [ENVELOPE, MESSAGE], ids=["envelope", "message"])
@pytest.mark.parametrize(
    ("document", "code"),
    [
        (b"<a/><!DOCTYPE a>", FaultCode.FORBIDDEN_XML),
        (b"<!DOCTYPE a><a/>", FaultCode.FORBIDDEN_XML),
        (b"<a>" * 70 + b"</a>" * 70, FaultCode.FORBIDDEN_XML),
        (b"<a>" * 240 + b"</a>" * 240, FaultCode.FORBIDDEN_XML),
        (b"<a " + b" ".join(b'a%d=""' % n for n in range(65)) + b"/>", FaultCode.FORBIDDEN_XML),
        (b"<a>" + b"<b/>" * 60_000 + b"</a>", FaultCode.FORBIDDEN_XML),
        (b"<a " + b" ".join(b'xmlns:a%d="u"' % n for n in range(11_000)) + b"/>", FaultCode.FORBIDDEN_XML),
        (b"<a>&b;</a>", FaultCode.NOT_WELLFORMED),
        (b"<a>\x00</a>", FaultCode.NOT_WELLFORMED),
        (b"<?xml version='1.0' encoding='latin1'?><a/>", FaultCode.NOT_UTF8),
        (b" " * (ENVELOPE.max_bytes + 1), FaultCode.TOO_LARGE),
    ],
)
def test_the_limits_hold_for_envelopes_and_messages(limits: Limits, document: bytes, code: FaultCode) -> None:
    with pytest.raises(Fault) as caught:
        parse(document, limits)
    assert caught.value.code is code


def test_nesting_that_libxml2_itself_does_not_follow_is_refused() -> None:
    with pytest.raises(Fault) as caught:
        parse(b"<a>" * 20_000 + b"</a>" * 20_000, MESSAGE)
    assert caught.value.code is FaultCode.NOT_WELLFORMED


def test_what_a_limit_names_is_still_accepted() -> None:
    limits = replace(MESSAGE, max_bytes=200, max_tags=4, max_namespaces=1, max_attributes=2, max_depth=2)
    document = b'<a xmlns="u" a="" b=""><b></b></a>'
    assert len(parse(document, limits)) == 1
    for change in ("max_bytes", "max_tags", "max_namespaces", "max_attributes", "max_depth"):
        smaller = replace(limits, **{change: 5 if change == "max_bytes" else getattr(limits, change) - 1})
        with pytest.raises(Fault):
            parse(document, smaller)


def test_a_text_with_comments_in_it_is_read_in_full() -> None:
    root = parse("<?x ?><!-- a --><a>Mü<!-- b -->ll<?y ?>er<![CDATA[<]]></a><!-- c -->".encode(), MESSAGE)
    assert root.text == "Müller<"
    assert len(root) == 0


def test_an_xinclude_stays_an_element() -> None:
    root = parse(b'<a><i:include xmlns:i="http://www.w3.org/2001/XInclude" href="/etc/passwd"/></a>', MESSAGE)
    assert [child.tag for child in root] == ["{http://www.w3.org/2001/XInclude}include"]
    assert root[0].text is None


def test_a_refusal_does_not_quote_the_document() -> None:
    for document in (b"<geheim></offen>", b"<a>&geheim;</a>", b"<geheim:a/>"):
        with pytest.raises(Fault) as caught:
            parse(document, MESSAGE)
        assert "geheim" not in str(caught.value)
        assert "line 1" in caught.value.detail
