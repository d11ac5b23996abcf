"""Signature wrapping: the signed element is kept where the verifier finds it, and another put where the reader looks.

The eight classic arrangements (McIntosh and Austel 2005; Somorovsky and others, "On Breaking SAML", 2012), carried over
from SAML to SOAP, and what can be done with Ids and the Timestamp.
"""

import base64
import copy

from lxml import etree

from gateway.envelope import names
from gateway.errors import FaultCode
from tests.envelope.workshop import edited, refused, request

ID = f"{{{names.WSU}}}Id"
EVIL = base64.b64encode(b"<evil/>").decode()


def evil(body: etree._Element, name: str | None) -> etree._Element:
    """A copy of the Body with another message and another Id or none."""
    twin = copy.deepcopy(body)
    twin[0][0].text = EVIL
    del twin.attrib[ID]
    if name is not None:
        twin.set(ID, name)
    return twin


def wrapper(parent: etree._Element) -> etree._Element:
    return etree.SubElement(parent, "{urn:evil}Wrapper")


def swap(root: etree._Element, name: str | None, keep: etree._Element) -> None:
    """The evil Body takes the place of the signed one, which goes into `keep`."""
    original = root[1]
    root.append(evil(original, name))
    keep.append(original)


@refused(FaultCode.WRONG_COVERAGE)
def test_xsw1_signed_body_in_an_unknown_header_and_a_body_without_id() -> bytes:
    return edited(lambda root: swap(root, None, wrapper(root[0])))


@refused(FaultCode.WRONG_COVERAGE)
def test_xsw2_signed_body_in_an_unknown_header_and_a_body_with_another_id() -> bytes:
    return edited(lambda root: swap(root, "other", wrapper(root[0])))


@refused(FaultCode.INVALID_SECURITY)
def test_xsw3_signed_body_in_an_unknown_header_and_a_body_with_the_same_id() -> bytes:
    return edited(lambda root: swap(root, "body", wrapper(root[0])))


@refused(FaultCode.INVALID_SECURITY)
def test_xsw4_signed_body_in_the_security_header() -> bytes:
    return edited(lambda root: swap(root, "other", wrapper(root[0][0])))


@refused(FaultCode.INVALID_SECURITY)
def test_xsw5_signed_body_in_an_object_of_the_signature() -> bytes:
    return edited(lambda root: swap(root, None, etree.SubElement(root[0][0][2], f"{{{names.DS}}}Object")))


@refused(FaultCode.NOT_THE_OPERATION)
def test_xsw6_signed_body_beside_the_operation() -> bytes:
    def change(root: etree._Element) -> None:
        original = root[1]
        twin = evil(original, "other")
        root.append(twin)
        twin.append(original)

    return edited(change)


@refused(FaultCode.WRONG_COVERAGE)
def test_xsw7_signed_body_within_the_operation() -> bytes:
    def change(root: etree._Element) -> None:
        original = root[1]
        twin = evil(original, None)
        root.append(twin)
        twin[0].append(original)

    return edited(change)


@refused(FaultCode.NOT_SIGNED)
def test_xsw8_whole_signed_envelope_in_a_header_of_another() -> bytes:
    def change(root: etree._Element) -> None:
        inner = copy.deepcopy(root)
        root[0].clear()
        wrapper(root[0]).append(inner)
        root.replace(root[1], evil(root[1], None))

    return edited(change)


@refused(FaultCode.INVALID_SECURITY)
def test_signature_taken_out_of_a_whole_signed_envelope_in_a_header() -> bytes:
    def change(root: etree._Element) -> None:
        inner = copy.deepcopy(root)
        wrapper(root[0]).append(inner)
        root.replace(root[1], evil(root[1], None))

    return edited(change)


@refused(FaultCode.ENVELOPE_MALFORMED)
def test_evil_body_before_the_signed_one() -> bytes:
    return edited(lambda root: root.insert(1, evil(root[1], None)))


@refused(FaultCode.ENVELOPE_MALFORMED)
def test_evil_body_after_the_signed_one() -> bytes:
    return edited(lambda root: root.append(evil(root[1], None)))


@refused(FaultCode.ENVELOPE_MALFORMED)
def test_signed_body_outside_of_header_and_body() -> bytes:
    return edited(lambda root: swap(root, None, wrapper(root)))


@refused(FaultCode.INVALID_SECURITY)
def test_the_same_id_under_another_attribute_counts_as_the_same() -> bytes:
    def change(root: etree._Element) -> None:
        swap(root, None, wrapper(root[0]))
        root[1].set("ID", "body")

    return edited(change)


@refused(FaultCode.INVALID_SECURITY)
def test_the_same_id_under_xml_id_counts_as_the_same() -> bytes:
    def change(root: etree._Element) -> None:
        swap(root, None, wrapper(root[0]))
        root[1].set("{http://www.w3.org/XML/1998/namespace}id", "body")

    return edited(change)


@refused(FaultCode.INVALID_SECURITY)
def test_a_doubled_id_far_from_the_signature_is_refused() -> bytes:
    return edited(lambda root: wrapper(root[0]).set("id", "body"))


@refused(FaultCode.INVALID_SECURITY)
def test_signed_timestamp_in_a_wrapper_and_a_fresh_one_in_its_place() -> bytes:
    def change(root: etree._Element) -> None:
        original = root[0][0][1]
        fresh = copy.deepcopy(original)
        fresh.set(ID, "fresh")
        root[0][0].replace(original, fresh)
        wrapper(root[0]).append(original)

    return edited(change)


@refused(FaultCode.WRONG_COVERAGE)
def test_signed_timestamp_hidden_in_a_wrapper() -> bytes:
    def change(root: etree._Element) -> None:
        wrapper(root[0]).append(root[0][0][1])

    return edited(change)


@refused(FaultCode.WRONG_COVERAGE)
def test_ids_of_body_and_token_exchanged() -> bytes:
    def change(root: etree._Element) -> None:
        body, token = root[1], root[0][0][0]
        body.set(ID, "token")
        token.set(ID, "body")
        root[0][0].find(f".//{{{names.WSSE}}}Reference").set("URI", "#body")

    return edited(change, request())
