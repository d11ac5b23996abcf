"""What an intermediary keeps: MessageIds, process cards, and deliveries that wait to be fetched."""

import secrets
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from threading import Lock

from osci_stub.osci.refused import Refused
from osci_stub.osci.text import escape

EPOCH = datetime.fromtimestamp(0, UTC)


def stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True)
class Card:
    """A process card; `parties` are the fingerprints of those who may see it, of originator and addressee."""

    message_id: str
    creation: datetime
    parties: tuple[str, str] = ("", "")
    subject: str | None = None
    forwarding: datetime | None = None
    reception: datetime | None = None

    @property
    def modified(self) -> datetime:
        return self.reception or self.forwarding or self.creation

    def written(self, name: str = "ProcessCardBundle", *, reception: bool = True) -> str:
        """As the element `name`; some messages do not tell the reception."""
        times = [("Creation", self.creation), ("Forwarding", self.forwarding)]
        times += [("Reception", self.reception)] if reception else []
        content = "".join(
            f"<osci:{step}><osci:Plain>{stamp(moment)}</osci:Plain></osci:{step}>"
            for step, moment in times
            if moment is not None
        )
        if self.subject is not None:
            content += f"<osci:Subject>{escape(self.subject)}</osci:Subject>"
        return (
            f"<osci:{name}>{written_id(self.message_id)}"
            f'<osci:ProcessCard RecentModification="{stamp(self.modified)}">{content}</osci:ProcessCard>'
            f"<osci:InspectionReport></osci:InspectionReport></osci:{name}>"
        )


def written_id(message_id: str, name: str = "MessageId") -> str:
    return f"<osci:{name}>{b64encode(message_id.encode()).decode()}</osci:{name}>"


@dataclass(frozen=True)
class Delivery:
    """A stored delivery as it came: the certificates and the ContentPackage as text, the attachments."""

    message_id: str
    certificates: str
    package: str
    parts: Mapping[str, bytes]
    fetched: bool = False


@dataclass(frozen=True)
class Rule:
    """What is wanted: one message, or what came (or changed) since a time."""

    message_ids: Sequence[str] = ()
    since: datetime = EPOCH
    changed: bool = False
    unreceived: bool = False
    role: str | None = None


class Mailboxes:
    """In memory. `party` is the fingerprint of a cipher certificate: whose mailbox it is."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._issued: set[str] = set()
        self._cards: dict[str, Card] = {}
        self._deliveries: dict[str, Delivery] = {}

    def issue(self) -> str:
        """A new MessageId."""
        message_id = f"osci_stub-{secrets.token_hex(12)}"
        with self._lock:
            self._issued.add(message_id)
        return message_id

    def use(self, message_id: str | None) -> None:
        """Raises Refused 9801 for a MessageId that was not issued here or was used before."""
        with self._lock:
            if message_id is not None and message_id not in self._issued:
                raise Refused("9801", "not issued here, or used before")
            self._issued.discard(message_id or "")

    def note(self, card: Card) -> None:
        """Keeps a card, or its new state."""
        with self._lock:
            self._cards[card.message_id] = card

    def store(self, delivery: Delivery, card: Card) -> None:
        with self._lock:
            self._deliveries[delivery.message_id] = delivery
            self._cards[card.message_id] = card

    def fetch(self, party: str, rule: Rule, now: datetime) -> tuple[Delivery, Card, int]:
        """The next delivery by `rule`, its card, and how many more wait. Raises Refused 9803.

        One that was fetched comes again only when it is asked for by its MessageId.
        """
        with self._lock:
            mine = [
                delivery
                for delivery in self._deliveries.values()
                if self._cards[delivery.message_id].parties[1] == party
            ]
            found = [delivery for delivery in mine if self._fits(delivery, rule)]
            if not found:
                raise Refused("9803", "nothing waits")
            delivery = found[0]
            card = replace(self._cards[delivery.message_id], forwarding=now, reception=now)
            self._cards[card.message_id] = card
            self._deliveries[delivery.message_id] = replace(delivery, fetched=True)
            waiting = sum(not one.fetched and one.message_id != delivery.message_id for one in mine)
            return delivery, card, waiting

    def _fits(self, delivery: Delivery, rule: Rule) -> bool:
        if rule.message_ids:
            return delivery.message_id in rule.message_ids
        return not delivery.fetched and self._cards[delivery.message_id].creation >= rule.since

    def cards(self, party: str, rule: Rule) -> list[Card]:
        """Those that `party` may see, the oldest first. Raises Refused 9804 when there are none."""
        with self._lock:
            found = [card for card in self._cards.values() if _visible(card, party, rule)]
        if not found:
            raise Refused("9804", "no such card")
        return found


def _visible(card: Card, party: str, rule: Rule) -> bool:
    originator, addressee = (party == one for one in card.parties)
    if not {None: originator or addressee, "Originator": originator, "Addressee": addressee}.get(rule.role):
        return False
    if rule.message_ids:
        return card.message_id in rule.message_ids
    if rule.unreceived and card.reception is not None:
        return False
    return (card.modified if rule.changed else card.reception or card.creation) >= rule.since
