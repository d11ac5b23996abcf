"""Sample messages: a Personensuche (1330) and a freie Suche (1332), for the invented persons or others."""

from datetime import UTC, datetime
from uuid import uuid4
from xml.sax.saxutils import escape  # writes only

from osci_stub.register import PERSONEN, Person
from osci_stub.xmeld import XMELD

EVERYTHING = tuple(str(code) for code in range(1, 57))
EVERYTHING_FREE = ("1", "6", "11", "15", "17", "18", "19", "21", "22", "23")

_STELLE = '<verzeichnisdienst listVersionID="3"><code>DVDV</code></verzeichnisdienst><kennung>{}</kennung>'
_ERREICHBAR = '<kanal listVersionID="3"><code>01</code></kanal><kennung>probe@land.example</kennung>'
_GEBAEUDE = "<gebaeude><postleitzahl>30159</postleitzahl><strasse>Probe</strasse><wohnort>Hannover</wohnort></gebaeude>"


def suchanfrage(
    person: Person = PERSONEN[0],
    *,
    leser: str = "ags:06414000",
    autor: str = "dbs:030010010000",
    gefragt: tuple[str, ...] = EVERYTHING,
    profil: str | None = None,
    mehr: str = "",
    **changed: str,
) -> bytes:
    """A 1330 that searches for `person` by name, birth date and sex, with the fields in `changed` replaced.

    `profil` stands for the whole Suchprofil, `mehr` for more Auswahldaten before the sex, both as XML.
    """
    wert = {name: escape(value) for name, value in {**vars(person), **changed}.items()}
    geburt = f"<x:geburtsdatum>{_geburtsdatum(wert)}</x:geburtsdatum>" if wert["geburtsdatum"] else ""
    auswahl = (
        f'{_namen(wert)}<x:anschrift><gemeindeschluessel listVersionID="2026-06-30"><code>{wert["ags"]}</code>'
        f"</gemeindeschluessel><postleitzahl>{wert['postleitzahl']}</postleitzahl></x:anschrift>"
        f"{geburt}{mehr}{_geschlecht(wert)}"
    )
    profil = profil or f"<x:auswahldaten>{auswahl}</x:auswahldaten>"
    return _nachricht("personensuche", "1330", leser, autor, profil, _elemente(gefragt))


def freie_suche(
    familienname: str,
    *,
    bereich: str = "06",
    leser: str = "ags:06000000",
    autor: str = "dbs:030010010000",
    gefragt: tuple[str, ...] = EVERYTHING_FREE,
) -> bytes:
    """A 1332 for everybody of that name in `bereich`: the key of a Land (2 digits) or of a Gemeinde (8)."""
    auswahl = (
        "<x:name><x:name><x:nachnameUndVornamen><x:nachname>"
        f"<name>{escape(familienname)}</name></x:nachname></x:nachnameUndVornamen></x:name></x:name>"
    )
    land = 'bundesland listURI="urn:de:bund:destatis:bevoelkerungsstatistik:schluessel:bundesland" listVersionID="0"'
    gemeinde = 'gemeindeschluessel listVersionID="2026-06-30"'
    start = land if len(bereich) == 2 else gemeinde
    suchbereich = f"<x:{start}><code>{escape(bereich)}</code></x:{start.split()[0]}>"
    steuerung = f"{_elemente(gefragt)}<x:suchbereich>{suchbereich}</x:suchbereich>"
    return _nachricht("freieSuche", "1332", leser, autor, f"<x:auswahldaten>{auswahl}</x:auswahldaten>", steuerung)


def _nachricht(art: str, nummer: str, leser: str, autor: str, profil: str, steuerung: str) -> bytes:
    name = f"x:datenabruf.{art}.suchanfrage.{nummer}"
    jetzt = datetime.now(UTC).isoformat(timespec="milliseconds")
    return f"""<{name} xmlns:x="{XMELD}" produkt="Probe" produkthersteller="Probe"
      standard="XMeld" version="25.11a"><nachrichtenkopf.g2g>
      <identifikation.nachricht><nachrichtenUUID>{uuid4()}</nachrichtenUUID><nachrichtentyp><code>{nummer}</code>
      </nachrichtentyp><erstellungszeitpunkt>{jetzt}</erstellungszeitpunkt>
      </identifikation.nachricht><leser>{_STELLE.format(escape(leser))}<name>Leser</name></leser>
      <autor>{_STELLE.format(escape(autor))}<name>Zentrale Stelle</name>
      <erreichbarkeit>{_ERREICHBAR}</erreichbarkeit></autor>
      </nachrichtenkopf.g2g><anschrift.autor>{_GEBAEUDE}</anschrift.autor>
      <x:datenAbrufendeStelle><x:sicherheitsbehoerde>false</x:sicherheitsbehoerde><x:abrufberechtigteStelle>
      <x:erreichbarkeit>{_ERREICHBAR}</x:erreichbarkeit><x:anschrift>{_GEBAEUDE}</x:anschrift>
      <x:behoerdenname>Jugendamt Probe</x:behoerdenname></x:abrufberechtigteStelle><x:aktenzeichen>P 1</x:aktenzeichen>
      <x:anlassDesAbrufs>Probe</x:anlassDesAbrufs><x:kennung>p1</x:kennung></x:datenAbrufendeStelle>
      <x:suchprofil>{profil}</x:suchprofil>
      <x:steuerungsinformationen>{steuerung}</x:steuerungsinformationen>
      </{name}>""".encode()


def _namen(wert: dict[str, str]) -> str:
    return (
        "<x:name><x:name><x:nachnameUndVornamen>"
        f"<x:vornamen><name>{wert['vornamen']}</name></x:vornamen>"
        f"<x:nachname><name>{wert['familienname']}</name></x:nachname>"
        "</x:nachnameUndVornamen></x:name></x:name>"
    )


def _geburtsdatum(wert: dict[str, str]) -> str:
    tag = f"<jahrMonatTag>{wert['geburtsdatum']}</jahrMonatTag>"
    return f"<x:geburtsdatum><teilbekanntesDatum>{tag}</teilbekanntesDatum></x:geburtsdatum>"


def _geschlecht(wert: dict[str, str]) -> str:
    return f'<x:geschlecht listVersionID="1"><code>{wert["geschlecht"]}</code></x:geschlecht>'


def _elemente(gefragt: tuple[str, ...]) -> str:
    return "".join(f"<x:anforderungselement><code>{code}</code></x:anforderungselement>" for code in gefragt)
