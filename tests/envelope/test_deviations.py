"""Envelope, operation, Security header, values and Timestamp: every deviation, one by one, with the fault it gets."""

import base64
from datetime import timedelta

from gateway.envelope import names
from gateway.errors import FaultCode
from tests.envelope.workshop import (
    ENCODED,
    NACHRICHT,
    NOW,
    body,
    edited,
    envelope,
    fault_of,
    gateway,
    instant,
    operation,
    reference,
    refused,
    request,
    security,
    sign,
    signature,
    signed,
    timestamp,
    token,
    umschlag,
    unfilled,
)

SOAP_12 = "http://www.w3.org/2003/05/soap-envelope"


def test_a_proper_request_yields_its_bytes() -> None:
    assert umschlag().open(request(), NOW).nachricht == NACHRICHT


# The envelope


@refused(FaultCode.NOT_SOAP)
def test_another_document_is_not_soap() -> bytes:
    return NACHRICHT


@refused(FaultCode.NOT_SOAP)
def test_soap_1_2_is_not_soap_1_1() -> bytes:
    return request().replace(names.SOAP.encode(), SOAP_12.encode())


@refused(FaultCode.ENVELOPE_MALFORMED)
def test_a_second_body_is_refused() -> bytes:
    return sign(envelope(body=body() + body(attributes="")))


@refused(FaultCode.ENVELOPE_MALFORMED)
def test_a_body_before_the_header_is_refused() -> bytes:
    return edited(lambda root: root.append(root[0]))


@refused(FaultCode.ENVELOPE_MALFORMED)
def test_an_element_after_the_body_is_refused() -> bytes:
    return sign(envelope(body=body() + "<g:more/>"))


@refused(FaultCode.MUST_UNDERSTAND)
def test_an_unknown_header_that_must_be_understood_is_refused() -> bytes:
    return sign(envelope('<g:unknown soap:mustUnderstand="1"/>' + security()))


@refused(FaultCode.MUST_UNDERSTAND)
def test_must_understand_may_be_spelled_true() -> bytes:
    return sign(envelope(f'<g:unknown soap:mustUnderstand="true" soap:actor="{names.SOAP_NEXT}"/>' + security()))


def test_an_unknown_header_for_others_or_for_nobody_in_particular_is_ignored() -> None:
    header = '<g:a soap:mustUnderstand="1" soap:actor="urn:other"/><g:b soap:mustUnderstand="0"/><g:c/>'
    assert umschlag().open(sign(envelope(header + security())), NOW).nachricht == NACHRICHT


# The operation


@refused(FaultCode.NOT_THE_OPERATION)
def test_a_second_child_of_the_body_is_refused() -> bytes:
    return sign(envelope(body=body(operation() + operation())))


@refused(FaultCode.NOT_THE_OPERATION)
def test_an_empty_body_is_refused() -> bytes:
    return sign(envelope(body=body("")))


@refused(FaultCode.NOT_THE_OPERATION)
def test_another_operation_is_refused() -> bytes:
    return sign(envelope(body=body("<g:xmeldAntwort/>")))


@refused(FaultCode.NOT_THE_OPERATION)
def test_the_operation_of_another_namespace_is_refused() -> bytes:
    return sign(envelope(body=body('<xmeldAnfrage xmlns="urn:other"/>')))


@refused(FaultCode.NOT_THE_OPERATION)
def test_text_beside_the_operation_is_refused() -> bytes:
    return sign(envelope(body=body(operation() + "text")))


@refused(FaultCode.NOT_THE_OPERATION)
def test_two_messages_are_refused() -> bytes:
    return sign(envelope(body=body(operation(f"<g:nachricht>{ENCODED}</g:nachricht>" * 2))))


@refused(FaultCode.NOT_THE_OPERATION)
def test_an_unqualified_message_element_is_refused() -> bytes:
    return sign(envelope(body=body(operation(f"<nachricht>{ENCODED}</nachricht>"))))


@refused(FaultCode.NOT_BASE64)
def test_xml_that_was_not_encoded_is_refused() -> bytes:
    return sign(envelope(body=body(operation("<g:nachricht><anfrage/></g:nachricht>"))))


@refused(FaultCode.NOT_BASE64)
def test_a_character_outside_of_base64_is_refused() -> bytes:
    return sign(envelope(body=body(operation(f"<g:nachricht>{ENCODED[:4]}*{ENCODED[4:]}</g:nachricht>"))))


@refused(FaultCode.NOT_BASE64)
def test_a_character_outside_of_ascii_is_refused() -> bytes:
    return sign(envelope(body=body(operation("<g:nachricht>QUJDü</g:nachricht>"))))


@refused(FaultCode.NOT_BASE64)
def test_base64_that_goes_on_after_its_padding_is_refused() -> bytes:
    return sign(envelope(body=body(operation("<g:nachricht>QUI=QUI=</g:nachricht>"))))


@refused(FaultCode.NOT_BASE64)
def test_base64_that_ends_too_early_is_refused() -> bytes:
    return sign(envelope(body=body(operation("<g:nachricht>QUI</g:nachricht>"))))


def test_base64_may_be_broken_into_lines() -> None:
    lines = base64.encodebytes(NACHRICHT * 10).decode().replace("\n", "\r\n\t ")
    opened = umschlag().open(sign(envelope(body=body(operation(f"<g:nachricht>{lines}</g:nachricht>")))), NOW)
    assert opened.nachricht == NACHRICHT * 10


# The Security header


@refused(FaultCode.NOT_SIGNED)
def test_an_envelope_without_a_header_is_not_signed() -> bytes:
    return edited(lambda root: root.remove(root[0]))


@refused(FaultCode.NOT_SIGNED)
def test_an_empty_header_is_not_signed() -> bytes:
    return envelope(header="").encode()


@refused(FaultCode.NOT_SIGNED)
def test_a_security_header_without_signature_is_not_signed() -> bytes:
    return envelope(security(token(), timestamp())).encode()


@refused(FaultCode.NOT_SIGNED)
def test_a_security_header_for_another_role_is_not_ours() -> bytes:
    return sign(envelope(security(attributes='soap:actor="urn:other"')))


@refused(FaultCode.INVALID_SECURITY)
def test_a_second_security_header_is_refused_for_any_role() -> bytes:
    return sign(envelope(security() + '<wsse:Security soap:actor="urn:other"/>'))


@refused(FaultCode.INVALID_SECURITY)
def test_a_second_signature_is_refused() -> bytes:
    return sign(envelope(security(token(), timestamp(), signature(), signature())))


@refused(FaultCode.INVALID_SECURITY)
def test_a_second_signature_elsewhere_is_refused() -> bytes:
    return sign(envelope(security() + f"<g:other>{signature()}</g:other>"))


@refused(FaultCode.NOT_SIGNED)
def test_a_signature_elsewhere_is_not_ours() -> bytes:
    return sign(envelope(f"<g:other>{security()}</g:other>"))


@refused(FaultCode.INVALID_SECURITY)
def test_a_second_token_is_refused() -> bytes:
    return sign(envelope(security(token(), token(name="other"), timestamp(), signature())))


@refused(FaultCode.INVALID_SECURITY)
def test_a_missing_token_is_refused() -> bytes:
    return sign(envelope(security(timestamp(), signature())))


@refused(FaultCode.INVALID_SECURITY)
def test_an_unknown_part_of_the_security_header_is_refused() -> bytes:
    return sign(envelope(security(token(), timestamp(), signature(), "<wsse:UsernameToken/>")))


@refused(FaultCode.INVALID_SECURITY)
def test_a_token_of_another_kind_is_refused() -> bytes:
    return sign(envelope(security(token().replace("#X509v3", "#X509PKIPathv1"), timestamp(), signature())))


@refused(FaultCode.CERTIFICATE_INVALID)
def test_a_token_that_is_not_base64_is_refused() -> bytes:
    return edited(lambda root: setattr(root[0][0][0], "text", "ä"))


@refused(FaultCode.CERTIFICATE_INVALID)
def test_a_token_that_is_no_certificate_is_refused() -> bytes:
    return edited(lambda root: setattr(root[0][0][0], "text", "QUJD"))


# Digests, signature, key


@refused(FaultCode.SIGNATURE_INVALID)
def test_a_changed_message_is_refused() -> bytes:
    return edited(lambda root: setattr(root[1][0][0], "text", base64.b64encode(b"other").decode()))


@refused(FaultCode.SIGNATURE_INVALID)
def test_an_attribute_added_to_the_body_is_refused() -> bytes:
    return edited(lambda root: root[1].set("more", "1"))


@refused(FaultCode.SIGNATURE_INVALID)
def test_a_changed_timestamp_is_refused() -> bytes:
    return edited(lambda root: setattr(root[0][0][1][0], "text", instant(NOW - timedelta(seconds=1))))


@refused(FaultCode.SIGNATURE_INVALID)
def test_a_changed_digest_is_refused() -> bytes:
    digest = base64.b64encode(bytes(32)).decode()
    return edited(lambda root: setattr(root.find(f".//{{{names.DS}}}DigestValue"), "text", digest))


@refused(FaultCode.SIGNATURE_INVALID)
def test_a_changed_signature_value_is_refused() -> bytes:
    value = base64.b64encode(bytes(64)).decode()
    return edited(lambda root: setattr(root.find(f".//{{{names.DS}}}SignatureValue"), "text", value))


@refused(FaultCode.SIGNATURE_INVALID)
def test_an_empty_signature_value_is_refused() -> bytes:
    return unfilled()


@refused(FaultCode.SIGNATURE_INVALID)
def test_a_key_that_is_not_the_certificates_is_refused() -> bytes:
    return sign(envelope(), gateway())


# The Timestamp


def stamped(*arguments: str) -> bytes:
    return sign(envelope(security(token(), timestamp(*arguments), signature())))


@refused(FaultCode.TIMESTAMP_INVALID)
def test_a_timestamp_that_is_not_signed_is_refused() -> bytes:
    return signed(references=reference("#body"))


@refused(FaultCode.TIMESTAMP_EXPIRED)
def test_a_timestamp_beyond_its_expiry_is_refused() -> bytes:
    return stamped(instant(NOW - timedelta(minutes=4)), instant(NOW - timedelta(minutes=2)))


@refused(FaultCode.TIMESTAMP_EXPIRED)
def test_a_timestamp_cannot_grant_itself_more_than_the_window() -> bytes:
    return stamped(instant(NOW - timedelta(minutes=7)), instant(NOW + timedelta(days=300)))


@refused(FaultCode.TIMESTAMP_EXPIRED)
def test_a_timestamp_of_the_future_is_refused() -> bytes:
    return stamped(instant(NOW + timedelta(minutes=2)))


@refused(FaultCode.TIMESTAMP_EXPIRED)
def test_a_timestamp_at_the_end_of_the_calendar_is_refused() -> bytes:
    return stamped("9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00")


@refused(FaultCode.TIMESTAMP_INVALID)
def test_a_time_without_zone_is_refused() -> bytes:
    return stamped("2026-03-02T10:00:00")


@refused(FaultCode.TIMESTAMP_INVALID)
def test_a_day_that_does_not_exist_is_refused() -> bytes:
    return stamped("2026-02-30T10:00:00Z")


@refused(FaultCode.TIMESTAMP_INVALID)
def test_a_timestamp_without_created_is_refused() -> bytes:
    return sign(envelope(security(token(), '<wsu:Timestamp wsu:Id="ts"/>', signature())))


@refused(FaultCode.TIMESTAMP_INVALID)
def test_a_timestamp_with_more_in_it_is_refused() -> bytes:
    return sign(envelope(security(token(), timestamp().replace("</wsu:T", "<g:more/></wsu:T"), signature())))


@refused(FaultCode.INVALID_SECURITY)
def test_a_second_timestamp_is_refused() -> bytes:
    return sign(envelope(security(token(), timestamp(), timestamp(name="ts2"), signature())))


def test_the_clocks_may_differ_by_the_skew() -> None:
    for created, expires in ((50, 100), (-350, 0), (-300, -50)):
        request = stamped(instant(NOW + timedelta(seconds=created)), instant(NOW + timedelta(seconds=expires)))
        assert umschlag().open(request, NOW).nachricht == NACHRICHT


def test_a_timestamp_may_be_absent_unless_the_configuration_demands_it() -> None:
    request = sign(envelope(security(token(), signature(references=reference("#body")))))
    assert umschlag().open(request, NOW).nachricht == NACHRICHT
    assert fault_of(request, timestamp_required=True) is FaultCode.TIMESTAMP_INVALID
