"""Which key of the seal counts where: the changes of it, each signed by the old and the new key.

A chain is sealed by one key, a record of a deletion by the one of its time; heads and holds by the newest. Trusted is
the newest key, which the key file has, and by it what led to it. A third party trusts an earlier one, and by that what
followed.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import Connection, Engine, select

from gateway.database import store_errors
from gateway.protokoll.befund import Findings, Kind
from gateway.protokoll.kette import WECHSELFELDER, wechsel_hash, wechsel_text, wurzel_hash
from gateway.protokoll.schluessel import Protokollschluessel, siegel_id
from gateway.protokoll.stand import siegelnd, signed
from gateway.protokoll.tabellen import STAND, WECHSEL


class Glied(NamedTuple):
    """A key, and the first chain and the first record of a deletion that it seals."""

    id: str
    oeffentlich: Ed25519PublicKey
    ab_kette: int = 1
    ab_loeschung: int = 1
    loeschung: bytes | None = None  # hash of the record before that, as the change has seen it
    seit: int | None = None  # microseconds; None: since the beginning


class Siegelfolge:
    """The keys, oldest first, at least one."""

    def __init__(self, glieder: Sequence[Glied]) -> None:
        self.glieder = tuple(glieder)

    @property
    def aktuell(self) -> Glied:
        """The one that seals now."""
        return self.glieder[-1]

    def der_kette(self, nr: int) -> Glied:
        """The one that seals the entries of a chain."""
        return next((one for one in reversed(self.glieder) if one.ab_kette <= nr), self.glieder[0])

    def der_loeschung(self, nr: int) -> Glied:
        """The one that seals a record of a deletion."""
        return next((one for one in reversed(self.glieder) if one.ab_loeschung <= nr), self.glieder[0])

    def bis(self, glied: Glied) -> tuple[int | None, int | None]:
        """Last chain and last record of a deletion before the next key; None: there is none."""
        place = self.glieder.index(glied) + 1
        if place == len(self.glieder):
            return None, None
        return self.glieder[place].ab_kette - 1, self.glieder[place].ab_loeschung - 1

    def signer(self, siegel: object, text: bytes) -> Glied | None:
        """Whose seal of `text` it is."""
        return next((one for one in reversed(self.glieder) if signed(one.oeffentlich, siegel, text)), None)

    def fremd(self, siegel: object, text: Callable[[], bytes], statt: Glied) -> str:
        """What is to be said of a seal that is not `statt`'s if it is that of another of these keys; else empty."""
        try:
            glied = self.signer(siegel, text())
        except (TypeError, ValueError):
            return ""
        return "" if glied in (None, statt) else f": sealed with the key {glied.id}, outside of that key's span"


def read(engine: Engine, schluessel: Protokollschluessel) -> Siegelfolge:
    """As far as the changes prove each other. Raises StoreError."""
    with store_errors("the Protokoll cannot be read"), engine.connect() as connection:
        return lies(connection, schluessel, Findings())


def lies(connection: Connection, schluessel: Protokollschluessel, findings: Findings) -> Siegelfolge:
    """The keys as far as the changes prove each other; what does not is found."""
    datei = schluessel.stand  # looked at first: a change puts its key there before it is made
    stand = connection.execute(select(STAND).where(STAND.c.id == 1)).one_or_none()
    glieder: list[Glied] = []
    ende = wurzel_hash(stand.wurzel) if stand is not None and isinstance(stand.wurzel, bytes) else None
    for row in connection.execute(select(WECHSEL).order_by(WECHSEL.c.nr)):
        if not _proves(row, ende, glieder):
            text = "the change of the seal's key is forged, changed, or out of its place: it counts for nothing"
            findings.add(Kind.SEAL, f"seal change {row.nr}", text)
            break
        if not glieder:
            glieder.append(_glied(row.alt))
        glieder.append(_glied(row.neu, row.ab_kette, row.ab_loeschung, row.loeschung, row.seit))
        ende = row.hash
    eigene = {one.id for one in datei.siegelschluessel}
    if glieder and glieder[-1].id not in eigene:
        text = f"the newest key of the seal, {glieder[-1].id}, is not in the instance's key file"
        findings.add(Kind.SEAL, "seal", text)
    if eigene.isdisjoint(one.id for one in glieder):  # whatever is said here, what the file has is ours
        own = (siegelnd(datei, stand) if stand is not None else None) or datei.siegel
        ab = (glieder[-1].ab_kette, glieder[-1].ab_loeschung) if glieder else (1, 1)
        glieder.append(Glied(own.id, own.oeffentlich, *ab))
    return Siegelfolge(glieder)


def _proves(row: Any, ende: bytes | None, davor: Sequence[Glied]) -> bool:
    """Whether the change is signed by both, and follows the one before."""
    try:
        digest = wechsel_hash(row.vorgaenger, [getattr(row, name) for name in WECHSELFELDER])
        alt, neu, text = (*map(Ed25519PublicKey.from_public_bytes, (row.alt, row.neu)), wechsel_text(digest))
        if not (digest == row.hash and signed(alt, row.siegel_alt, text) and signed(neu, row.siegel_neu, text)):
            return False
    except (TypeError, ValueError):
        return False
    letzter = davor[-1] if davor else Glied(siegel_id(row.alt), alt)
    folgt = row.nr == max(len(davor), 1) and ende in (None, row.vorgaenger) and letzter.id == siegel_id(row.alt)
    return folgt and row.ab_kette >= letzter.ab_kette and row.ab_loeschung >= letzter.ab_loeschung


def _glied(key: bytes, *rest: Any) -> Glied:
    return Glied(siegel_id(key), Ed25519PublicKey.from_public_bytes(key), *rest)
