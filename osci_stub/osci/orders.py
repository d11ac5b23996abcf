"""What an intermediary reads of the requests that it gets: whom a delivery is for, what is wanted of a mailbox."""

import hashlib
from base64 import b64decode
from datetime import UTC, datetime

from cryptography import x509
from lxml import etree

from osci_stub.osci.certificates import der
from osci_stub.osci.mailboxes import Card, Rule, stamp, written_id
from osci_stub.osci.names import NS
from osci_stub.osci.received import Received
from osci_stub.osci.refused import Refused
from osci_stub.osci.text import canonical, element


def fingerprint(certificate: x509.Certificate | None) -> str:
    """SHA-256 of the DER, lower hex; empty for none."""
    return "" if certificate is None else hashlib.sha256(der(certificate)).hexdigest()


def new_card(request: Received, message_id: str, now: datetime) -> Card:
    """Of a delivery that has just come."""
    parties = ("CipherCertificateOriginator", "CipherCertificateAddressee")
    originator, addressee = (fingerprint(request.certificate(party)) for party in parties)
    return Card(message_id, now, (originator, addressee), request.text("osci:Subject"))


def recipient(request: Received) -> tuple[str, x509.Certificate | None]:
    """Where a delivery goes, and for whom the way there is encrypted."""
    receiver = request.payload.find("osci:ContentReceiver", NS)
    uri = "" if receiver is None else receiver.get("URI") or ""
    return uri, request.certificate("CipherCertificateAddressee")


def package(message: Received) -> str:
    """The ContentPackage as text, empty for none."""
    found = message.body.find("osci:ContentPackage", NS)
    return "" if found is None else canonical(found).decode()


def certificates(message: Received) -> str:
    """What is in NonIntermediaryCertificates, with the Ids that the content points at."""
    holder = message.header.find("osci:NonIntermediaryCertificates", NS)
    return "" if holder is None else "".join(canonical(child).decode() for child in holder.iterchildren("*"))


def rule(selection: etree._Element | None) -> Rule:
    """Raises Refused 9300 for a time or MessageId that cannot be read."""
    if selection is None or not len(selection):
        return Rule()
    first = selection[0]
    try:
        if first.tag.endswith("}MessageId"):
            return Rule(tuple(b64decode("".join((child.text or "").split())).decode() for child in selection))
        since = datetime.fromisoformat((first.text or "").strip())
        since = since.astimezone(UTC) if since.tzinfo else since.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise Refused("9300", "a selection that cannot be read") from None
    return Rule(
        since=since,
        changed=first.tag.endswith("}RecentModification"),
        unreceived=first.get("NoReception") in ("1", "true"),
        role=first.get("Role"),
    )


def applied_rule(selection: etree._Element | None) -> str:
    """The rule that was applied; the schema of the answer wants one and knows the simple form only."""
    wanted = rule(selection)
    if wanted.message_ids:
        inner = written_id(wanted.message_ids[0])
    else:
        inner = element("osci:ReceptionOfDelivery", stamp(wanted.since))
    return element("osci:fetchProcessCard", element("osci:SelectionRule", inner))
