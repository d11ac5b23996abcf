"""Prüft eine Beweisdatei des Protokolls (§ 40 BMG) ohne Netz und ohne die Software, die sie geschrieben hat.

Aufruf mit Python ab 3.11 und `cryptography`: python3 -I pruefe_protokoll.py DATEI [--schluessel KENNUNG] [--inhalte]

Jeder Eintrag ist unverändert, zwischen zwei Siegeln fehlt keiner und kam keiner hinzu, alle Schreibketten des
Verzeichnisses sind da, keine ist gegabelt; was gelöscht ist, belegt eine signierte Löschniederschrift. `--schluessel`:
Kennung des Siegelschlüssels, wie sie der Betreiber auf anderem Weg mitgeteilt hat. Rückgabe: 0 so ist es, 1 Befunde (je
Zeile einer), 2 keine Beweisdatei.
"""

import argparse
import hashlib
import json
import struct
import sys
import zlib
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from itertools import chain
from typing import Any

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

Zeile = dict[str, Any]
LABEL = b"xmeld-gateway/protokoll/1/"
NAMEN = """
nummer gespeichert empfangen beantwortet transport anfrage_digest antwort_digest ergebnis codes behoerde fingerprint
nachrichtentyp nachricht_uuid nachricht_digest vermittlung anspruch wiederholung treffer schluessel inhalt verzeichnis
verweise; nr kennung begonnen siegel_schluessel fassung; nr monat regel geloescht anzahl bereiche;
anfrage_digest antwort_digest nachricht_digest anspruch inhalt verzeichnis verweise vorgaenger hash siegel kennung
wurzel ende kopfsiegel
"""
FELDER, KETTE, LOESCHUNG, BYTES = (teil.split() for teil in NAMEN.split(";"))
SPAETER = ("vermittlung", "verzeichnis")  # Einträge der ersten Fassung haben sie nicht
VERWEIS = struct.Struct(">qq32s")


def pack(werte: Iterable[object]) -> bytes:
    """Jeder Wert mit Art und Länge, damit keine zwei Folgen gleich aussehen."""
    teile: list[bytes] = []
    for wert in werte:
        roh = wert.encode() if isinstance(wert, str) else wert
        if isinstance(roh, bytes):
            teile += (b"%c%d:" % (b"T" if isinstance(wert, str) else b"B", len(roh)), roh)
        elif wert is None or isinstance(wert, int):
            teile.append(b"N;" if wert is None else b"I%d;" % wert)
        else:
            raise TypeError("kein Wert des Protokolls")
    return b"".join(teile)


def sha(label: bytes, *teile: bytes) -> bytes:
    return hashlib.sha256(LABEL + label + b"\0" + b"".join(teile)).digest()


class Pruefung:
    def __init__(self, kopf: Zeile) -> None:
        self.kopf = kopf
        self.key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(kopf["schluessel"]))
        self.ketten: dict[int, Zeile] = {}
        self.geloescht: dict[int, list[tuple[int, int, bytes, bytes]]] = defaultdict(list)
        self.eintraege: dict[tuple[int, int], bytes] = {}
        self.stand: dict[int, tuple[int, bytes, bool]] = {}
        self.verweise: list[tuple[str, tuple[int, int, bytes]]] = []
        self.befunde: list[str] = []
        self.letzte_loeschung = (0, sha(b"wurzel", kopf["wurzel"]))

    def befund(self, art: str, ort: str, text: str) -> None:
        self.befunde.append(f"{art} {ort}: {text}")

    def signiert(self, siegel: bytes | None, label: bytes, text: bytes) -> bool:
        with suppress(InvalidSignature):
            self.key.verify(siegel or b"", LABEL + label + b"\0" + text)
            return True
        return False

    def kette(self, zeile: Zeile) -> None:
        nr = zeile["nr"]
        davor = self.ketten[nr - 1]["hash"] if nr - 1 in self.ketten else sha(b"wurzel", self.kopf["wurzel"])
        felder = [zeile[name] for name in KETTE]
        label, felder = (b"kette", felder[:-1]) if zeile["fassung"] == 1 else (b"kette2", felder)
        if zeile["vorgaenger"] != davor or sha(label, davor, pack(felder)) != zeile["hash"]:
            self.befund("GEÄNDERT", f"Kette {nr}", "die Zeile des Verzeichnisses ist nicht die gespeicherte")
        text = pack((zeile["kennung"], zeile["nummer"], zeile["ende"]))
        if zeile["nummer"] is not None and not self.signiert(zeile["kopfsiegel"], b"kopf", text):
            self.befund("SIEGEL", f"Kette {nr}", "das Siegel des Kettenendes ist gefälscht")
        self.ketten[nr] = zeile

    def loeschung(self, zeile: Zeile) -> None:
        nr, davor = self.letzte_loeschung
        digest = sha(b"loeschung", zeile["vorgaenger"], pack([zeile[name] for name in LOESCHUNG]))
        echt = digest == zeile["hash"] and self.signiert(zeile["siegel"], b"loeschsiegel", digest)
        if not echt:
            self.befund("SIEGEL", f"Löschung {zeile['nr']}", "die Löschniederschrift ist gefälscht")
        elif zeile["nr"] != nr + 1 or zeile["vorgaenger"] != davor:
            self.befund("FEHLT", f"Löschung {nr + 1}", "eine Löschniederschrift fehlt")
        self.letzte_loeschung = (zeile["nr"], zeile["hash"])
        for kette, von, bis, vorgaenger, ende in json.loads(zeile["bereiche"]) if echt else ():
            self.geloescht[kette].append((von, bis, bytes.fromhex(vorgaenger), bytes.fromhex(ende)))

    def verzeichnis(self) -> None:
        kopf, letzte = self.kopf, max(self.ketten, default=0)
        if not self.signiert(kopf["siegel"], b"stand", pack((kopf["wurzel"], kopf["ketten"], kopf["hash"]))):
            self.befund("SIEGEL", "Verzeichnis", "das Siegel des Verzeichnisses der Ketten ist gefälscht")
        for nr in {*range(1, min(kopf["ketten"], letzte + 1) + 1)} - self.ketten.keys():
            self.befund("FEHLT", f"Kette {nr}", "die Kette fehlt im Verzeichnis")
        if letzte > kopf["ketten"]:
            self.befund("EINGEFÜGT", f"Kette {letzte}", "die Kette steht hinter dem signierten Ende")
        elif letzte and self.ketten[letzte]["hash"] != kopf["hash"]:
            self.befund("GEÄNDERT", "Verzeichnis", "die Ketten führen nicht zum signierten Ende des Verzeichnisses")
        for bereiche in self.geloescht.values():
            bereiche.sort()

    def eintrag(self, zeile: Zeile) -> None:
        """Einträge einer Kette folgen einander; `stand` ist der vorige: Nummer, Hash, ob er den Zeitraum schließt."""
        nr, nummer = zeile["kette"], zeile["nummer"]
        ort, kette = f"{nr}/{nummer}", self.ketten.get(nr)
        if kette is None or nummer <= self.stand.get(nr, (0,))[0]:
            text = "der Eintrag gehört zu keiner Kette" if kette is None else "die Nummer steht zweimal da"
            self.befund("EINGEFÜGT" if kette is None else "GEGABELT", ort, text)
            return
        siegel = self.siegel(zeile, ort, kette["kennung"])
        neu = nr not in self.stand
        ende = self.anfang(zeile, kette, siegel) if neu else self.luecke(nr, *self.stand[nr][:2], nummer - 1)
        if kette["nummer"] is None or nummer > kette["nummer"]:
            self.befund("EINGEFÜGT", ort, "der Eintrag steht hinter dem signierten Ende seiner Kette")
        alt = kette["fassung"] == 1
        felder = pack(zeile[name] for name in FELDER if not (alt and name in SPAETER))
        mehr = alt and any(zeile[name] is not None for name in SPAETER)
        if mehr or sha(b"eintrag" if alt else b"eintrag2", zeile["vorgaenger"], felder) != zeile["hash"]:
            self.befund("GEÄNDERT", ort, "der Eintrag ist nicht der, der gespeichert wurde")
        elif ende is not None and zeile["vorgaenger"] != ende:
            self.befund("GEÄNDERT", ort, "der Eintrag folgt nicht auf den vorigen: einer von beiden wurde geändert")
        self.eintraege[nr, nummer] = zeile["hash"]
        self.stand[nr] = (nummer, zeile["hash"], siegel and zeile["gespeichert"] >= self.kopf["bis"])

    def siegel(self, zeile: Zeile, ort: str, kennung: bytes) -> bool:
        if zeile["siegel"] is None and zeile["verweise"] is None:
            return False
        if not self.signiert(zeile["siegel"], b"siegel", pack((kennung, zeile["nummer"], zeile["hash"]))):
            self.befund("SIEGEL", ort, "das Siegel hält nicht: gefälscht, oder ein Eintrag davor wurde geändert")
            return False
        self.verweise += [(ort, verweis) for verweis in VERWEIS.iter_unpack(zeile["verweise"] or b"")]
        return True

    def anfang(self, zeile: Zeile, kette: Zeile, siegel: bool) -> bytes | None:
        """Worauf der erste Eintrag folgt; belegt ist er durch Kettenbeginn, Löschniederschrift oder Siegel."""
        nr, nummer = zeile["kette"], zeile["nummer"]
        if nummer == 1:
            return bytes(kette["hash"])
        ende = next((ende for _, bis, _, ende in self.geloescht[nr] if bis == nummer - 1), None)
        if ende is None and not (siegel and zeile["gespeichert"] < self.kopf["von"]):
            self.befund("FEHLT", f"{nr}/{nummer - 1}", "hier und davor können Einträge des Zeitraums fehlen")
        return ende

    def luecke(self, nr: int, letzte: int, ende: bytes | None, bis_nummer: int) -> bytes | None:
        """Worauf `bis_nummer` + 1 folgt, wenn die Nummern ab `letzte` + 1 nicht da sind: gelöscht, oder sie fehlen."""
        for von, bis, vorgaenger, hash_ende in self.geloescht[nr]:
            if bis <= letzte or von > bis_nummer:
                continue
            if von > letzte + 1:
                break
            if von == letzte + 1 and ende is not None and vorgaenger != ende:
                self.befund("GEÄNDERT", f"{nr}/{letzte}", "die gelöschten Einträge danach folgten auf einen anderen")
            letzte, ende = min(bis, bis_nummer), hash_ende if bis <= bis_nummer else None
        if letzte < bis_nummer:
            self.befund("FEHLT", f"{nr}/{letzte + 1}-{bis_nummer}", "Einträge fehlen ohne Löschniederschrift")
            return None
        return ende

    def abschluss(self) -> None:
        for nr, kette in self.ketten.items():
            nummer, ende, geschlossen = self.stand.get(nr, (0, kette["hash"], kette["begonnen"] >= self.kopf["bis"]))
            if kette["nummer"] is None:
                self.befund("FEHLT", f"Kette {nr}", "das signierte Ende der Kette fehlt")
            elif not geschlossen and nummer <= kette["nummer"]:
                ende = self.luecke(nr, nummer, ende, kette["nummer"])
                if ende is not None and ende != kette["ende"]:
                    self.befund("GEÄNDERT", f"Kette {nr}", "die Einträge führen nicht zum signierten Ende der Kette")
        for ort, (nr, nummer, digest) in self.verweise:
            if self.eintraege.get((nr, nummer), digest) != digest:
                self.befund("GEGABELT", f"{nr}/{nummer}", f"{ort} hat dort einen anderen Eintrag gesehen")


def inhalt(zeile: Zeile, kennung: bytes) -> Zeile | None:
    """Der entschlüsselte Inhalt; sein Schlüssel gehört zu diesem Eintrag allein."""
    text = bytes.fromhex(zeile["verschluesselt"])
    aad = LABEL + b"inhalt\0" + pack((kennung, zeile["nummer"]))
    with suppress(InvalidTag, ValueError, zlib.error):
        klar = AESGCM(bytes.fromhex(zeile["inhaltsschluessel"])).decrypt(text[:12], text[12:], aad)
        return dict(json.loads(zlib.decompress(klar))) if hashlib.sha256(text).digest() == zeile["inhalt"] else None
    return None


def pruefe(datei: Iterable[str], zeigen: bool) -> Pruefung:
    ende: Zeile = {"art": "ende"}
    lauf = (
        {n: bytes.fromhex(w) if n in BYTES and isinstance(w, str) else w for n, w in json.loads(text).items()}
        for text in datei
    )
    kopf = next(lauf)
    if kopf.get("format") != "xmeld-gateway-beweis-1":
        raise ValueError("keine Beweisdatei")
    pruefung, davor = Pruefung(kopf), ""
    schritte = {"kette": pruefung.kette, "loeschung": pruefung.loeschung, "eintrag": pruefung.eintrag}
    for zeile in chain(lauf, (ende,)):
        if zeile["art"] in ("eintrag", "ende") and davor != "eintrag":
            pruefung.verzeichnis()
        davor = zeile["art"]
        schritte.get(davor, lambda _: pruefung.abschluss())(zeile)
        if zeigen and zeile.get("verschluesselt"):
            ort, klar = f"{zeile['kette']}/{zeile['nummer']}", inhalt(zeile, pruefung.ketten[zeile["kette"]]["kennung"])
            if klar is None:
                pruefung.befund("GEÄNDERT", ort, "der Inhalt passt nicht zum Eintrag")
            else:
                print(json.dumps({"eintrag": ort, **klar}, ensure_ascii=False))
    return pruefung


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("datei")
    parser.add_argument("--schluessel", help="erwartete Kennung des Siegelschlüssels")
    parser.add_argument("--inhalte", action="store_true", help="mitgegebene Inhalte zeigen")
    argumente = parser.parse_args()
    try:
        with open(argumente.datei, encoding="utf-8") as datei:
            pruefung = pruefe(datei, argumente.inhalte)
        von, bis = (datetime.fromtimestamp(pruefung.kopf[n] / 1e6, UTC).isoformat() for n in ("von", "bis"))
    except Exception as fehler:  # was auch immer in der Datei steht: kein Befund, sondern keine Beweisdatei
        warum = fehler.strerror if isinstance(fehler, OSError) else f"keine Beweisdatei ({type(fehler).__name__})"
        print(f"nicht prüfbar: {argumente.datei}: {warum}", file=sys.stderr)
        return 2
    kennung = hashlib.sha256(bytes.fromhex(pruefung.kopf["schluessel"])).hexdigest()[:16]
    if argumente.schluessel not in (None, kennung):
        pruefung.befund("SIEGEL", "Schlüssel", f"die Datei ist mit einem anderen Schlüssel gesiegelt: {kennung}")
    for befund in pruefung.befunde:
        print("".join(zeichen if zeichen.isprintable() else "?" for zeichen in befund))
    urteil = f"{len(pruefung.befunde)} Befund(e)" if pruefung.befunde else "vollständig und unverändert"
    umfang = f"{len(pruefung.eintraege)} Einträge, {len(pruefung.ketten)} Ketten"
    print(f"{urteil}: {von} bis {bis}, {umfang}, Schlüssel {kennung}")
    return 1 if pruefung.befunde else 0


if __name__ == "__main__":
    sys.exit(main())
