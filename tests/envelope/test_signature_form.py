"""Every form of signature that is not accepted: algorithms, transforms, key references, coverage."""

import pytest
import xmlsec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from lxml import etree

from gateway.envelope import names
from gateway.envelope.pki import KeyType
from gateway.envelope.wsse import signature_methods
from gateway.errors import ConfigError, FaultCode
from tests.envelope.workshop import (
    EXC,
    KEY_INFO,
    NACHRICHT,
    NOW,
    REFERENCES,
    authority,
    body,
    edited,
    envelope,
    fault_of,
    reference,
    refused,
    security,
    sign,
    signature,
    signed,
    timestamp,
    token,
    umschlag,
    unfilled,
)

DSIG_MORE = "http://www.w3.org/2001/04/xmldsig-more#"
HMAC = f'<ds:SignatureMethod Algorithm="{DSIG_MORE}hmac-sha256"/>'


def method(algorithm: str) -> str:
    return f'<ds:SignatureMethod Algorithm="{algorithm}"/>'


# Algorithms and transforms


@refused(FaultCode.UNSUPPORTED_ALGORITHM)
def test_ecdsa_with_sha1_is_refused() -> bytes:
    return signed(method=method(DSIG_MORE + "ecdsa-sha1"))


@refused(FaultCode.UNSUPPORTED_ALGORITHM)
def test_rsa_with_sha1_is_refused() -> bytes:
    parts = signature(method=method(names.DS + "rsa-sha1"))
    rsa = authority(KeyType.RSA)
    return sign(envelope(security(token(rsa), timestamp(), parts)), rsa)


@refused(FaultCode.UNSUPPORTED_ALGORITHM)
def test_a_sha1_digest_is_refused() -> bytes:
    return signed(references=reference("#body", digest=names.DS + "sha1") + reference("#ts"))


@refused(FaultCode.UNSUPPORTED_ALGORITHM)
def test_an_hmac_keyed_with_the_public_key_is_refused() -> bytes:
    public = authority().certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    key = xmlsec.Key.from_binary_data(xmlsec.constants.KeyDataHmac, public)
    return sign(envelope(security(token(), timestamp(), signature(method=HMAC))), key=key)


@refused(FaultCode.UNSUPPORTED_ALGORITHM)
def test_a_parameter_of_the_signature_method_is_refused() -> bytes:
    return unfilled(method=method(names.ECDSA_SHA256).replace("/>", "><ds:HMACOutputLength/></ds:SignatureMethod>"))


@refused(FaultCode.UNSUPPORTED_ALGORITHM)
def test_a_method_for_another_kind_of_key_is_refused() -> bytes:
    return unfilled(method=method(names.RSA_SHA256))


def test_methods_that_the_configuration_does_not_name_are_refused() -> None:
    rsa = sign(
        envelope(security(token(authority(KeyType.RSA)), timestamp(), signature(method=method(names.RSA_SHA256)))),
        authority(KeyType.RSA),
    )
    assert umschlag().open(rsa, NOW).nachricht == NACHRICHT
    assert fault_of(rsa, signature_methods=frozenset({names.ECDSA_SHA256})) is FaultCode.UNSUPPORTED_ALGORITHM


@refused(FaultCode.UNSUPPORTED_ALGORITHM)
def test_inclusive_canonicalisation_of_the_signed_info_is_refused() -> bytes:
    return signed(c14n='<ds:CanonicalizationMethod Algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315"/>')


@refused(FaultCode.UNSUPPORTED_ALGORITHM)
def test_canonicalisation_with_comments_is_refused() -> bytes:
    return signed(c14n=f'<ds:CanonicalizationMethod Algorithm="{names.EXC_C14N}WithComments"/>')


@refused(FaultCode.UNSUPPORTED_ALGORITHM)
def test_an_xpath_transform_is_refused() -> bytes:
    xpath = (
        '<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"><ds:XPath>1</ds:XPath></ds:Transform>'
    )
    return signed(references=reference("#body", xpath + EXC) + reference("#ts"))


@refused(FaultCode.UNSUPPORTED_ALGORITHM)
def test_an_xslt_transform_is_refused() -> bytes:
    xslt = '<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116"/>'
    return unfilled(references=reference("#body", xslt + EXC))


@refused(FaultCode.UNSUPPORTED_ALGORITHM)
def test_an_enveloped_signature_transform_is_refused() -> bytes:
    enveloped = f'<ds:Transform Algorithm="{names.DS}enveloped-signature"/>'
    return signed(references=reference("#body", enveloped + EXC) + reference("#ts"))


@refused(FaultCode.INVALID_SECURITY)
def test_two_transforms_are_refused() -> bytes:
    return signed(references=reference("#body", EXC + EXC) + reference("#ts"))


@refused(FaultCode.INVALID_SECURITY)
def test_no_transform_is_refused() -> bytes:
    return signed(references=reference("#body", "") + reference("#ts"))


@refused(FaultCode.INVALID_SECURITY)
def test_an_endless_prefix_list_is_refused_before_it_costs_time() -> bytes:
    prefixes = " ".join(f"p{number}" for number in range(20_000))
    inclusive = f'<c:InclusiveNamespaces xmlns:c="{names.EXC_C14N}" PrefixList="{prefixes}"/>'
    return unfilled(references=reference("#body", EXC.replace("/>", f">{inclusive}</ds:Transform>")))


def test_a_prefix_list_is_accepted() -> None:
    inclusive = f'<c:InclusiveNamespaces xmlns:c="{names.EXC_C14N}" PrefixList="soap g #default"/>'
    transform = EXC.replace("/>", f">{inclusive}</ds:Transform>")
    opened = umschlag().open(signed(references=reference("#body", transform) + reference("#ts")), NOW)
    assert opened.nachricht == NACHRICHT


@refused(FaultCode.INVALID_SECURITY)
def test_an_object_in_the_signature_is_refused() -> bytes:
    return signed(extra="<ds:Object>more</ds:Object>")


@refused(FaultCode.INVALID_SECURITY)
def test_a_manifest_is_refused() -> bytes:
    return unfilled(references=f"{REFERENCES}<ds:Manifest/>")


@refused(FaultCode.INVALID_SECURITY)
def test_a_key_value_instead_of_the_token_is_refused() -> bytes:
    return unfilled(key_info="<ds:KeyValue/>")


@refused(FaultCode.INVALID_SECURITY)
def test_a_key_value_beside_the_token_is_refused() -> bytes:
    return unfilled(key_info=f"{KEY_INFO}<ds:KeyValue/>")


@refused(FaultCode.INVALID_SECURITY)
def test_a_retrieval_method_is_refused() -> bytes:
    return unfilled(key_info='<ds:RetrievalMethod URI="http://127.0.0.1/key"/>')


@refused(FaultCode.INVALID_SECURITY)
def test_a_key_info_that_names_something_else_is_refused() -> bytes:
    return signed(key_info=KEY_INFO.replace("#token", "#body"))


@refused(FaultCode.INVALID_SECURITY)
def test_a_key_info_that_names_nothing_is_refused() -> bytes:
    return sign(
        envelope(
            security(
                token().replace('wsu:Id="token"', ""),
                timestamp(),
                signature(key_info=KEY_INFO.replace("#token", "#None")),
            )
        )
    )


# What the signature covers


@refused(FaultCode.WRONG_COVERAGE)
def test_a_signature_without_the_body_is_refused() -> bytes:
    return signed(references=reference("#ts"))


@refused(FaultCode.WRONG_COVERAGE)
def test_a_body_signed_twice_is_refused() -> bytes:
    return signed(references=REFERENCES + reference("#body"))


@refused(FaultCode.WRONG_COVERAGE)
def test_anything_else_signed_is_refused() -> bytes:
    references = REFERENCES + reference("#other")
    header = '<g:other wsu:Id="other"/>' + security(token(), timestamp(), signature(references=references))
    return sign(envelope(header))


@refused(FaultCode.WRONG_COVERAGE)
def test_an_empty_uri_is_refused() -> bytes:
    return signed(references=reference("") + REFERENCES)


@refused(FaultCode.WRONG_COVERAGE)
def test_a_missing_uri_is_refused() -> bytes:
    return unfilled(references=reference("#body").replace('URI="#body"', ""))


@refused(FaultCode.WRONG_COVERAGE)
def test_a_reference_to_a_file_is_refused() -> bytes:
    return unfilled(references=REFERENCES + reference("file:///etc/passwd"))


@refused(FaultCode.WRONG_COVERAGE)
def test_a_reference_to_the_web_is_refused() -> bytes:
    return unfilled(references=REFERENCES + reference("http://127.0.0.1:1/"))


@refused(FaultCode.WRONG_COVERAGE)
def test_an_xpointer_is_refused() -> bytes:
    return unfilled(references=reference("#xpointer(id('body'))"))


@refused(FaultCode.WRONG_COVERAGE)
def test_an_id_that_would_break_out_of_an_xpointer_is_refused() -> bytes:
    name = "x') | //*[@a='"
    return envelope(
        security(token(), timestamp(), signature(references=reference(f"#{name}"))), body(attributes=f'wsu:Id="{name}"')
    ).encode()


@refused(FaultCode.WRONG_COVERAGE)
def test_a_reference_to_nothing_is_refused() -> bytes:
    return unfilled(references=REFERENCES + reference("#nothing"))


@refused(FaultCode.WRONG_COVERAGE)
def test_a_body_named_by_another_attribute_than_wsu_id_is_refused() -> bytes:
    return edited(lambda root: root[1].set("Id", root[1].attrib.pop(f"{{{names.WSU}}}Id")))


def test_a_signed_token_is_accepted() -> None:
    assert umschlag().open(signed(references=REFERENCES + reference("#token")), NOW).nachricht == NACHRICHT


# The library underneath


def test_libxmlsec_reads_no_file_even_if_asked_to() -> None:
    root = etree.fromstring(unfilled(references=reference("file:///etc/hostname", transforms="")))
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(authority().key_pem, xmlsec.constants.KeyDataFormatPem)
    try:
        context.sign(root.find(f".//{{{names.DS}}}Signature"))
    except xmlsec.Error:
        return
    raise AssertionError("libxmlsec has read a file")


def test_the_configuration_names_methods_shortly_and_cannot_name_weak_ones() -> None:
    assert signature_methods(["ecdsa-sha256", "rsa-sha512"]) == {names.ECDSA_SHA256, names.RSA_SHA512}
    for wrong in ([], ["rsa-sha1"], ["hmac-sha256"], ["ecdsa-sha256", "none"]):
        with pytest.raises(ConfigError, match="must be some of"):
            signature_methods(wrong)
