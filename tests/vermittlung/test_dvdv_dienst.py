"""What is read of a service description, and how leniently."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.vermittlung.dvdv_dienst import Dienst, DienstUnbrauchbar, read_dienst
from tests.shared import SHARED, needs_shared
from tests.vermittlung.dvdv_server import ADDRESSEE, INTERMEDIARY, cert, element, service
from tests.vermittlung.peers import certificate, pem


def read(*elements: Any, plain_http: bool = False) -> Dienst:
    return read_dienst(service(*elements), plain_http=plain_http)


def test_a_description_names_the_way_and_who_signs() -> None:
    dienst = read(ADDRESSEE, INTERMEDIARY)
    assert (dienst.weg.adressat, dienst.weg.intermediaer) == (
        "http://empfaenger.by.example/osci",
        "https://intermediaer.by.example/entry",
    )
    assert dienst.weg.adressat_cipher == certificate("dvdv-adressat")
    assert dienst.weg.intermediaer_cipher == certificate("dvdv-intermediaer")
    assert dienst.intermediaer_signatur == certificate("dvdv-intermediaer-signatur")
    assert dienst.signaturen == {certificate("dvdv-autor")}, "the intermediary signs no answers"


def test_a_missing_cipher_certificate_may_stand_in_an_element_of_its_own_of_the_same_name() -> None:
    apart = [
        element("CIPHER_CERTIFICATE", "Anderer", cipherCertificate=cert("fremd")),
        element("CIPHER_CERTIFICATE", "Empfaenger", cipherCertificate=cert("dvdv-adressat")),
        element("CIPHER_CERTIFICATE", "Intermediaer", cipherCertificate=cert("dvdv-intermediaer")),
    ]
    dienst = read(*apart, ADDRESSEE | {"cipherCertificate": None}, INTERMEDIARY | {"cipherCertificate": {}})
    assert dienst.weg == read(ADDRESSEE, INTERMEDIARY).weg


def test_signature_certificates_of_their_own_count_for_whom_their_name_says() -> None:
    dienst = read(
        element("SIGNATURE_CERTIFICATE", "Intermediaer", signatureCertificate=cert("seins")),
        element("SIGNATURE_CERTIFICATE", "Empfaenger", signatureCertificate=cert("neu")),
        element("SIGNATURE_CERTIFICATE", "", signatureCertificate=cert("irgendeins")),
        ADDRESSEE,
        INTERMEDIARY | {"signatureCertificate": None},
    )
    assert dienst.intermediaer_signatur == certificate("seins")
    assert dienst.signaturen == {certificate(name) for name in ("neu", "irgendeins", "dvdv-autor")}


@pytest.mark.parametrize(
    "certificate_as_seen",
    [
        cert("dvdv-adressat", fingerprint="Fingerabdruck", validFrom="2017"),
        cert("dvdv-adressat")["content"],
        {"content": pem(certificate("dvdv-adressat")).decode()},
        {"content": pem(certificate("dvdv-adressat")).decode().replace("\n", "\r\n")},
    ],
)
def test_a_certificate_is_read_however_it_is_wrapped(certificate_as_seen: object) -> None:
    dienst = read(ADDRESSEE | {"cipherCertificate": certificate_as_seen}, INTERMEDIARY)
    assert dienst.weg.adressat_cipher == certificate("dvdv-adressat")


def test_a_type_may_stand_in_the_field_for_types_of_the_installations_own() -> None:
    own = ADDRESSEE | {"serviceElementType": None, "customServiceElementType": "osci_addressee"}
    assert read(own, INTERMEDIARY) == read(ADDRESSEE, INTERMEDIARY)


EC = {"content": pem(certificate("ec", with_ec=True)).decode()}


@pytest.mark.parametrize(
    ("elements", "reason"),
    [
        ([], "no OSCI_ADDRESSEE"),
        ([ADDRESSEE], "no OSCI_INTERMEDIARY"),
        ([INTERMEDIARY], "no OSCI_ADDRESSEE"),
        ([ADDRESSEE | {"serviceElementUri": " "}, INTERMEDIARY], "no OSCI_ADDRESSEE with an address"),
        ([ADDRESSEE | {"serviceElementUri": "http://x/\r\n"}, INTERMEDIARY], None),
        ([ADDRESSEE | {"serviceElementUri": "http://x/a b"}, INTERMEDIARY], "no OSCI_ADDRESSEE with an address"),
        ([ADDRESSEE | {"serviceElementUri": "http://x/" + "a" * 1000}, INTERMEDIARY], "no OSCI_ADDRESSEE with an"),
        ([ADDRESSEE | {"cipherCertificate": None}, INTERMEDIARY], "encrypt for OSCI_ADDRESSEE"),
        ([ADDRESSEE | {"cipherCertificate": {"content": "AAAA"}}, INTERMEDIARY], "encrypt for OSCI_ADDRESSEE"),
        ([ADDRESSEE | {"cipherCertificate": {"content": "§"}}, INTERMEDIARY], "encrypt for OSCI_ADDRESSEE"),
        ([ADDRESSEE | {"cipherCertificate": EC}, INTERMEDIARY], "encrypt for OSCI_ADDRESSEE"),
        ([ADDRESSEE, INTERMEDIARY | {"cipherCertificate": None}], "encrypt for OSCI_INTERMEDIARY"),
        ([ADDRESSEE, INTERMEDIARY | {"serviceElementUri": "http://by.example/"}], "not one with https://"),
        ([ADDRESSEE, INTERMEDIARY | {"serviceElementUri": "ftp://by.example/"}], "not one with https://"),
    ],
)
def test_what_nobody_could_use_is_refused_with_the_reason(
    elements: list[dict[str, object]], reason: str | None
) -> None:
    if reason is None:
        assert read(*elements).weg.adressat == "http://x/"
        return
    with pytest.raises(DienstUnbrauchbar, match=reason):
        read(*elements)


def test_nothing_is_encrypted_for_a_revoked_certificate_and_no_revoked_one_signs() -> None:
    revoked = {"revocationDate": "2026-01-01T00:00:00.000Z"}
    with pytest.raises(DienstUnbrauchbar, match="encrypt for OSCI_ADDRESSEE"):
        read(ADDRESSEE | {"cipherCertificate": cert("dvdv-adressat", **revoked)}, INTERMEDIARY)
    assert not read(ADDRESSEE | {"signatureCertificate": cert("dvdv-autor", **revoked)}, INTERMEDIARY).signaturen


def test_an_intermediary_beyond_loopback_is_reached_by_plain_http_only_where_that_is_allowed() -> None:
    plain = INTERMEDIARY | {"serviceElementUri": "http://by.example/entry"}
    assert read(ADDRESSEE, plain, plain_http=True).weg.intermediaer == "http://by.example/entry"
    loopback = INTERMEDIARY | {"serviceElementUri": "http://127.0.0.1:1/"}
    assert read(ADDRESSEE, loopback).weg.intermediaer == "http://127.0.0.1:1/"
    with pytest.raises(DienstUnbrauchbar):
        read(ADDRESSEE, INTERMEDIARY | {"serviceElementUri": "ftp://by.example/"}, plain_http=True)


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 1), st.sampled_from(sorted(ADDRESSEE)), JUNK), max_size=4), JUNK)
def test_whatever_the_wire_holds_it_is_a_service_or_refused(
    changes: list[tuple[int, str, object]], extra: object
) -> None:
    elements = [dict(ADDRESSEE), dict(INTERMEDIARY)]
    for which, key, value in changes:
        elements[which][key] = value
    for description in (service(*elements, extra), {"serviceElements": extra}, {}):  # type: ignore[arg-type]
        try:
            read_dienst(description, plain_http=False)
        except DienstUnbrauchbar:
            continue


@needs_shared
def test_the_published_examples_are_read_as_far_as_they_go() -> None:
    folder = SHARED / "dvdv"
    with pytest.raises(DienstUnbrauchbar, match="no OSCI_ADDRESSEE"):
        read_dienst(json.loads((folder / "ServiceDescription.json").read_text("utf-8")), plain_http=False)
    organization = json.loads((folder / "OrganizationDescription.json").read_text("utf-8"))["organization"]
    theirs = organization["clientCertificates"][0]
    dienst = read(ADDRESSEE | {"cipherCertificate": theirs}, INTERMEDIARY)
    assert dienst.weg.adressat_cipher.not_valid_after_utc.year == 2020
