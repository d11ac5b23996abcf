"""Prüft eine Beweisdatei des Protokolls (§ 40 BMG) ohne Netz und ohne die Software, die sie geschrieben hat.

Aufruf mit Python ab 3.11 und `cryptography`: python3 -I pruefe_protokoll.py DATEI [--schluessel KENNUNG] [--inhalte]

Jeder Eintrag ist unverändert, zwischen zwei Siegeln fehlt keiner und kam keiner hinzu, alle Schreibketten des
Verzeichnisses sind da, keine ist gegabelt; was gelöscht ist, belegt eine signierte Löschniederschrift. Wechselt der
Siegelschlüssel, bestätigt der alte den neuen, und jeder gilt für seine Ketten. `--schluessel`: Kennung eines dieser
Schlüssel, wie sie der Betreiber auf anderem Weg mitgeteilt hat, am besten die des letzten. Rückgabe: 0 so ist es,
1 Befunde (je Zeile einer), 2 keine Beweisdatei.
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
nr alt neu seit ab_kette ab_loeschung loeschung; alt neu loeschung siegel_alt siegel_neu
anfrage_digest antwort_digest nachricht_digest anspruch inhalt verzeichnis verweise vorgaenger hash siegel kennung
wurzel ende kopfsiegel
"""
FELDER, KETTE, LOESCHUNG, WECHSEL, BYTES = (teil.split() for teil in NAMEN.split(";"))
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


def kennung_von(schluessel: bytes) -> str:
    return hashlib.sha256(schluessel).hexdigest()[:16]


class Pruefung:
    def __init__(self, kopf: Zeile) -> None:
        self.kopf = kopf
        self.key = bytes.fromhex(kopf["schluessel"])  # siegelt zuletzt, und alle Enden
        self.folge: list[Zeile] = []  # jeder Schlüssel als `neu`, mit der ersten Kette und Löschung, die er siegelt
        self.ketten: dict[int, Zeile] = {}
        self.geloescht: dict[int, list[tuple[int, int, bytes, bytes]]] = defaultdict(list)
        self.eintraege: dict[tuple[int, int], bytes] = {}
        self.stand: dict[int, tuple[int, bytes, bool]] = {}
        self.verweise: list[tuple[str, tuple[int, int, bytes]]] = []
        self.befunde: list[str] = []
        self.loeschungen = {0: sha(b"wurzel", kopf["wurzel"])}
        self.letzter_wechsel = self.loeschungen[0]

    def befund(self, art: str, ort: str, text: str) -> None:
        self.befunde.append(f"{art} {ort}: {text}")

    def signiert(self, siegel: bytes | None, label: bytes, text: bytes, key: bytes | None = None) -> bool:
        with suppress(InvalidSignature):
            Ed25519PublicKey.from_public_bytes(key or self.key).verify(siegel or b"", LABEL + label + b"\0" + text)
            return True
        return False

    def schluessel(self, ab: str, nr: int) -> bytes:
        """Der Schlüssel, der diese Kette (`ab_kette`) oder Löschung (`ab_loeschung`) siegelt."""
        return next((bytes(glied["neu"]) for glied in reversed(self.folge) if glied[ab] <= nr), self.key)

    def fremd(self, siegel: bytes | None, label: bytes, text: bytes) -> str:
        """Zusatz zum Befund, wenn ein anderer der Schlüssel gesiegelt hat, als hier siegeln darf."""
        wer = [glied["neu"] for glied in self.folge if self.signiert(siegel, label, text, glied["neu"])]
        return f", gesiegelt mit Schlüssel {kennung_von(wer[0])} außerhalb seiner Zeit" if wer else ""

    def wechsel(self, zeile: Zeile) -> None:
        self.folge = self.folge or [{"neu": zeile["alt"], "ab_kette": 1, "ab_loeschung": 1}]
        davor, digest = self.folge[-1], sha(b"siegelwechsel", zeile["vorgaenger"], pack(zeile[n] for n in WECHSEL))
        folgt = zeile["nr"] == len(self.folge) and zeile["alt"] == davor["neu"]
        folgt = folgt and all(zeile[ab] >= davor[ab] for ab in ("ab_kette", "ab_loeschung"))
        folgt = folgt and zeile["vorgaenger"] == self.letzter_wechsel and zeile["hash"] == digest
        wer = ("alt", "neu")
        if folgt and all(self.signiert(zeile[f"siegel_{n}"], b"wechselsiegel", digest, zeile[n]) for n in wer):
            self.folge.append(zeile)
            self.letzter_wechsel = digest
        else:
            self.befund("SIEGEL", f"Schlüsselwechsel {zeile['nr']}", "der Wechsel des Siegelschlüssels ist gefälscht")

    def kette(self, zeile: Zeile) -> None:
        nr = zeile["nr"]
        davor = self.ketten[nr - 1]["hash"] if nr - 1 in self.ketten else sha(b"wurzel", self.kopf["wurzel"])
        felder = [zeile[name] for name in KETTE]
        label, felder = (b"kette", felder[:-1]) if zeile["fassung"] == 1 else (b"kette2", felder)
        if zeile["vorgaenger"] != davor or sha(label, davor, pack(felder)) != zeile["hash"]:
            self.befund("GEÄNDERT", f"Kette {nr}", "die Zeile des Verzeichnisses ist nicht die gespeicherte")
        text = pack((zeile["kennung"], zeile["nummer"], zeile["ende"]))
        if zeile["nummer"] is not None and not self.signiert(zeile["kopfsiegel"], b"kopf", text):
            mehr = self.fremd(zeile["kopfsiegel"], b"kopf", text)
            self.befund("SIEGEL", f"Kette {nr}", f"das Siegel des Kettenendes ist gefälscht{mehr}")
        if zeile["siegel_schluessel"] != kennung_von(self.schluessel("ab_kette", nr)):
            self.befund("SIEGEL", f"Kette {nr}", "die Kette nennt einen anderen Schlüssel, als hier siegelt")
        self.ketten[nr] = zeile

    def loeschung(self, zeile: Zeile) -> None:
        nr, davor = list(self.loeschungen.items())[-1]
        digest = sha(b"loeschung", zeile["vorgaenger"], pack([zeile[name] for name in LOESCHUNG]))
        key = self.schluessel("ab_loeschung", zeile["nr"])
        echt = digest == zeile["hash"] and self.signiert(zeile["siegel"], b"loeschsiegel", digest, key)
        if not echt:
            mehr = self.fremd(zeile["siegel"], b"loeschsiegel", digest)
            self.befund("SIEGEL", f"Löschung {zeile['nr']}", f"die Löschniederschrift ist gefälscht{mehr}")
        elif zeile["nr"] != nr + 1 or zeile["vorgaenger"] != davor:
            self.befund("FEHLT", f"Löschung {nr + 1}", "eine Löschniederschrift fehlt")
        self.loeschungen[zeile["nr"]] = zeile["hash"]
        for kette, von, bis, vorgaenger, ende in json.loads(zeile["bereiche"]) if echt else ():
            self.geloescht[kette].append((von, bis, bytes.fromhex(vorgaenger), bytes.fromhex(ende)))

    def verzeichnis(self) -> None:
        kopf, letzte = self.kopf, max(self.ketten, default=0)
        if self.folge and self.folge[-1]["neu"] != self.key:
            self.befund("SIEGEL", "Schlüssel", "die Wechsel führen nicht zu dem Schlüssel, der zuletzt siegelt")
        for wechsel in self.folge[1:]:
            if self.loeschungen.get(wechsel["ab_loeschung"] - 1) != wechsel["loeschung"]:
                ort = f"Löschung {wechsel['ab_loeschung'] - 1}"
                self.befund("GEÄNDERT", ort, "ein Schlüsselwechsel hat hier eine andere Löschniederschrift gesehen")
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
        siegel = self.siegel(zeile, ort, kette)
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
        # Ein früherer Schlüssel schließt nichts, ihn könnten andere haben: solche Ketten reichen bis an ihr Ende.
        schliesst = siegel and self.schluessel("ab_kette", nr) == self.key
        self.stand[nr] = (nummer, zeile["hash"], schliesst and zeile["gespeichert"] >= self.kopf["bis"])

    def siegel(self, zeile: Zeile, ort: str, kette: Zeile) -> bool:
        if zeile["siegel"] is None and zeile["verweise"] is None:
            return False
        text = pack((kette["kennung"], zeile["nummer"], zeile["hash"]))
        if not self.signiert(zeile["siegel"], b"siegel", text, self.schluessel("ab_kette", kette["nr"])):
            mehr = self.fremd(zeile["siegel"], b"siegel", text)
            was = f"das Siegel hält nicht: gefälscht{mehr}, oder ein Eintrag davor wurde geändert"
            self.befund("SIEGEL", ort, was)
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
    pruefung, davor = Pruefung(kopf), 0
    schritte = (
        ("siegelwechsel", pruefung.wechsel),
        ("kette", pruefung.kette),
        ("loeschung", pruefung.loeschung),
        ("eintrag", pruefung.eintrag),
        ("ende", lambda _: pruefung.abschluss()),
    )
    arten = [art for art, _ in schritte]
    for zeile in chain(lauf, (ende,)):
        art = arten.index(zeile["art"])
        if art < davor:  # was später käme, wäre nicht mehr mit dem geprüft, was davor steht
            raise ValueError("die Zeilen stehen nicht in ihrer Reihenfolge")
        if art >= arten.index("eintrag") > davor:
            pruefung.verzeichnis()
        davor = art
        schritte[art][1](zeile)
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
    kennungen = [kennung_von(glied["neu"]) for glied in pruefung.folge] or [kennung_von(pruefung.key)]
    if argumente.schluessel not in (None, *kennungen):
        text = f"die Datei ist mit einem anderen Schlüssel gesiegelt: {', '.join(kennungen)}"
        pruefung.befund("SIEGEL", "Schlüssel", text)
    for befund in pruefung.befunde:
        print("".join(zeichen if zeichen.isprintable() else "?" for zeichen in befund))
    urteil = f"{len(pruefung.befunde)} Befund(e)" if pruefung.befunde else "vollständig und unverändert"
    umfang = f"{len(pruefung.eintraege)} Einträge, {len(pruefung.ketten)} Ketten"
    folge = "".join(f", ab Kette {w['ab_kette']} {kennung_von(w['neu'])}" for w in pruefung.folge[1:])
    print(f"{urteil}: {von} bis {bis}, {umfang}, Schlüssel {kennungen[0]}{folge}")
    return 1 if pruefung.befunde else 0


if __name__ == "__main__":
    sys.exit(main())
