"""From places to elements: a schema pack says order, qualification and form of each; nothing of that stands in code."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import quoteattr

import xmlschema
from xmlschema.validators import XsdGroup

from gateway.errors import ConfigError
from gateway.meldewesen.pfade import EACH, tokens
from gateway.meldewesen.werte import NICHT_VORHANDEN, UNBEKANNT
from gateway.xmeld.manifest import XMELD_FAMILY

#: Content of the element of a value, as XML text; the number is the value's place in a list, from 1.
Form = Callable[[Any, int], str]

#: Tags of an element's children by local name, as they are written.
Tags = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Knoten:
    """An element of a message: its start and end tag, the keys from its parent's data to its own, and what is in it.

    `mehrfach`: the data are a list, and each entry makes an element. A leaf has a `form`, a group has `kinder`.
    `pflicht`: a group that no message may lack, written even when it is empty. `teil`: of a list whose entries are
    groups, the keys from an entry to the leaf's datum.
    """

    start: str
    end: str
    zugang: tuple[str | int, ...]
    mehrfach: bool
    form: Form | None
    kinder: tuple["Knoten", ...] = ()
    pflicht: bool = False
    teil: tuple[str | int, ...] = ()


@dataclass(frozen=True)
class Bauplan:
    """A message that can be written: the tag and fixed attributes of its root element, and all places below it."""

    tag: str
    attribute: Mapping[str, str]
    kinder: tuple[Knoten, ...]

    def write(self, daten: Mapping[str, Any], attribute: Mapping[str, str]) -> bytes:
        """The message with `daten`, UTF-8. An empty element is left out, unless it is a list's entry or must be there.

        Made as text: that and parsing it takes a third of the time of making each element through lxml.
        """
        given = "".join(f" {name}={quoteattr(value)}" for name, value in {**self.attribute, **attribute}.items())
        parts = [f'<?xml version="1.0" encoding="UTF-8"?>\n<{self.tag}{given}>']
        _render(self.kinder, daten, parts)
        parts.append(f"</{self.tag}>")
        return "".join(parts).encode()


def bauplan(
    schema: xmlschema.XMLSchema,
    namespace: str,
    nachricht: str,
    pairs: Iterable[tuple[str, str]],
    codelisten: Mapping[str, str],
) -> Bauplan:
    """Finds each of `pairs` (field, place) in the schema's element `nachricht`.

    `codelisten` has the version to send of each code list whose version the schema demands and does not fix.
    Raises ConfigError that names the place that the schema does not have.
    """
    element: Any = schema.maps.elements.get(f"{{{namespace}}}{nachricht}")
    if element is None:
        raise ConfigError(f"the schema has no element {nachricht}")
    fixed = {name: str(a.fixed) for name, a in element.type.attributes.items() if name and a.fixed is not None}
    steps = [_Pair(tokens(feld), tuple(ort.split("/")), f"{nachricht}/{ort}") for feld, ort in dict.fromkeys(pairs)]
    qualified = [known for known in schema.maps.namespaces if known == namespace or XMELD_FAMILY.fullmatch(known)]
    declared = {f"xmlns:{_prefix(known)}": known for known in qualified}
    return Bauplan(
        f"{_prefix(namespace)}:{nachricht}",
        {**declared, **fixed},
        _knoten(element.type, steps, codelisten, pflicht=True),
    )


def erlaubte_codes(schema: xmlschema.XMLSchema, namespace: str, nachricht: str, ort: str) -> frozenset[str]:
    """The codes that the schema allows at `ort`, a place of `bauplan` whose datum is a code."""
    element: Any = schema.maps.elements[f"{{{namespace}}}{nachricht}"]
    for step in (*ort.split("/"), "code"):
        below = {child.local_name: child for child in _elements(element.type)}
        element = below[step.removesuffix(EACH)]
    return frozenset(element.type.enumeration or ())


@dataclass(frozen=True)
class _Pair:
    feld: tuple[str | int, ...]
    ort: tuple[str, ...]
    where: str


def _knoten(typ: Any, pairs: Iterable[_Pair], codelisten: Mapping[str, str], *, pflicht: bool) -> tuple[Knoten, ...]:
    """The children of an element that `pairs` need, in the schema's order. `pflicht`: it is in every message."""
    groups: dict[str, list[_Pair]] = {}
    for pair in pairs:
        groups.setdefault(pair.ort[0], []).append(pair)
    children = {child.local_name: (rank, child) for rank, child in enumerate(_elements(typ))}
    found: list[tuple[int, Knoten]] = []
    for step, group in groups.items():
        name = step.removesuffix(EACH)
        if name not in children:
            raise ConfigError(f"{group[0].where}: the schema has no {name} there")
        rank, element = children[name]
        if step != name:
            built = _repeated(element, group, codelisten)
        else:
            built = _single(element, group, codelisten, pflicht=pflicht and _muss(element))
        found += ((rank, knoten) for knoten in built)
    return tuple(knoten for _, knoten in sorted(found, key=lambda entry: entry[0]))


def _repeated(element: Any, group: Sequence[_Pair], codelisten: Mapping[str, str]) -> Iterable[Knoten]:
    heads = {pair.feld[: pair.feld.index(EACH)] if EACH in pair.feld else None for pair in group}
    (head, *others) = heads
    if others or head is None or element.max_occurs == 1:
        raise ConfigError(f"{group[0].where}: is not repeated for each entry of one list")
    rest = [_Pair(pair.feld[len(head) + 1 :], pair.ort[1:], pair.where) for pair in group]
    if any(pair.ort for pair in rest):
        kinder = _knoten(element.type, rest, codelisten, pflicht=False)
        return [_group(element, head, kinder, mehrfach=True)]
    return [_leaf(element, head, True, pair.where, codelisten, pair.feld) for pair in rest]


def _single(element: Any, group: Sequence[_Pair], codelisten: Mapping[str, str], *, pflicht: bool) -> Iterable[Knoten]:
    if any(len(pair.ort) == 1 for pair in group):
        return [_leaf(element, pair.feld, False, pair.where, codelisten) for pair in group if len(pair.ort) == 1]
    head = _common([pair.feld for pair in group])
    rest = [_Pair(pair.feld[len(head) :], pair.ort[1:], pair.where) for pair in group]
    kinder = _knoten(element.type, rest, codelisten, pflicht=pflicht)
    return [_group(element, head, kinder, pflicht=pflicht)]


def _group(
    element: Any,
    zugang: tuple[str | int, ...],
    kinder: tuple[Knoten, ...],
    *,
    mehrfach: bool = False,
    pflicht: bool = False,
) -> Knoten:
    tag = _tag(element)
    return Knoten(f"<{tag}>", f"</{tag}>", zugang, mehrfach, None, kinder, pflicht)


def _muss(element: Any) -> bool:
    """Whether each element of its parent's type has it: no group around it may be left out or be one of several."""
    if not element.min_occurs:
        return False
    group = element.parent
    while isinstance(group, XsdGroup):
        if group.model == "choice" or not group.min_occurs:
            return False
        group = group.parent
    return True


def _leaf(
    element: Any,
    zugang: tuple[str | int, ...],
    mehrfach: bool,
    where: str,
    codelisten: Mapping[str, str],
    teil: tuple[str | int, ...] = (),
) -> Knoten:
    tag = _tag(element)
    form = _form(element, where)
    version = _list_version(element.type, where, codelisten)
    given = "" if version is None else f" listVersionID={quoteattr(version)}"
    return Knoten(f"<{tag}{given}>", f"</{tag}>", zugang, mehrfach, form, teil=teil)


def _tag(element: Any) -> str:
    """Qualified are the elements of the standard, and of a house message those of its own namespace."""
    if element.name == element.local_name:
        return str(element.name)
    return f"{_prefix(element.target_namespace)}:{element.local_name}"


def _prefix(namespace: str) -> str:
    return "xmeld" if XMELD_FAMILY.fullmatch(namespace) else "haus"


def _common(felder: Sequence[tuple[str | int, ...]]) -> tuple[str | int, ...]:
    """The keys with which all of `felder` begin, up to the first list."""
    head: list[str | int] = []
    for keys in zip(*felder, strict=False):
        if len(set(keys)) > 1 or keys[0] == EACH or isinstance(keys[0], int):
            break
        head.append(keys[0])
    return tuple(head)


def _elements(typ: Any) -> list[Any]:
    """The elements that a type names as children; a wildcard is none."""
    if not (typ.is_complex() and typ.has_complex_content()):
        return []
    return [child for child in typ.content.iter_elements() if isinstance(child, xmlschema.XsdElement)]


def _form(element: Any, where: str) -> Form:
    """How a value of the record is written into `element`: told by the names of its type's children."""
    tags = {child.local_name: _tag(child) for child in _elements(element.type)}
    make = _FORMEN.get(frozenset(tags))
    if make is not None:
        return make(tags)
    if tags:
        raise ConfigError(f"{where}: is a group, not a datum")
    return _wahr if element.fixed == "true" else _text


def _list_version(typ: Any, where: str, codelisten: Mapping[str, str]) -> str | None:
    """The version of a code list that must be sent along with a code."""
    attribute = typ.attributes if typ.is_complex() else {}
    version, uri = attribute.get("listVersionID"), attribute.get("listURI")
    if version is None or version.use != "required":
        return None
    if version.fixed is not None:
        return str(version.fixed)
    if uri is None or uri.fixed not in codelisten:
        raise ConfigError(
            f"{where}: codelisten must have the version of {uri.fixed if uri is not None else 'the list'}"
        )
    return codelisten[uri.fixed]


def _text(wert: Any, _: int) -> str:
    if isinstance(wert, str):
        if wert.isalnum():
            return wert
        return wert.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")
    return "true" if wert else "false"


def _wahr(_: Any, __: int) -> str:
    return "true"


def _in(tag: str, text: str) -> str:
    return f"<{tag}>{text}</{tag}>"


def _code(tags: Tags) -> Form:
    return lambda wert, nummer: _in(tags["code"], _text(wert, nummer))


def _name(tags: Tags) -> Form:
    absent = _in(tags["nichtVorhanden"], "true")
    return lambda wert, nummer: absent if wert == NICHT_VORHANDEN else _in(tags["name"], _text(wert, nummer))


def _oder_unbekannt(known: str, form_of: Callable[[Tags], Form]) -> Callable[[Tags], Form]:
    def make(tags: Tags) -> Form:
        unknown, form = _in(tags["unbekannt"], "true"), form_of(tags)
        return lambda wert, nummer: unknown if wert == UNBEKANNT else _in(tags[known], form(wert, nummer))

    return make


def _teilbekannt(tags: Tags) -> Form:
    day, month, year = tags["jahrMonatTag"], tags["jahrMonat"], tags["jahr"]

    def form(wert: Any, nummer: int) -> str:
        if wert[8:] != "00":
            return _in(day, _text(wert, nummer))
        return _in(month, _text(wert[:7], nummer)) if wert[5:7] != "00" else _in(year, _text(wert[:4], nummer))

    return form


def _numbered(number: str, text: str) -> Callable[[Tags], Form]:
    return lambda tags: lambda wert, nummer: _in(tags[number], str(nummer)) + _in(tags[text], _text(wert, nummer))


#: Children of xida:TeilbekanntesDatum, all unqualified.
_PARTS = {name: name for name in ("jahrMonatTag", "jahrMonat", "jahr")}

#: Types that hold one datum in elements of their own, by the names of these.
_FORMEN: Mapping[frozenset[str], Callable[[Tags], Form]] = {
    frozenset({"code"}): _code,  # xoev-code:Code
    frozenset({"code", "name"}): _code,
    frozenset({"name", "nichtVorhanden"}): _name,  # xian:AllgemeinerName
    frozenset({"datum", "unbekannt"}): _oder_unbekannt("datum", lambda _: _text),  # xida:TagesdatumMitUnbekannt
    frozenset(_PARTS): _teilbekannt,  # xida:TeilbekanntesDatum
    frozenset({"teilbekanntesDatum", "unbekannt"}): _oder_unbekannt(
        "teilbekanntesDatum", lambda _: _teilbekannt(_PARTS)
    ),  # xida:TeilbekanntesDatumMitUnbekannt
    frozenset({"zeilennummer", "inhalt"}): _numbered("zeilennummer", "inhalt"),  # xiaa:ZeileAufschrift
    frozenset({"position", "inhalt"}): _numbered("position", "inhalt"),  # AnschriftfeldNachDIN.Anschriftzone.Zeile
}


def _render(kinder: Iterable[Knoten], daten: Any, parts: list[str]) -> None:
    for knoten in kinder:
        wert = daten
        for key in knoten.zugang:
            wert = wert.get(key) if type(key) is str else _entry(wert, key)
            if wert is None:
                break
        else:
            form = knoten.form
            if form is None:
                _render_groups(knoten, wert, parts)
            elif knoten.mehrfach:
                entries = _inner(wert, knoten.teil) if knoten.teil else wert
                parts.extend(f"{knoten.start}{form(entry, i)}{knoten.end}" for i, entry in enumerate(entries, 1))
            else:
                parts += (knoten.start, form(wert, 1), knoten.end)


def _render_groups(knoten: Knoten, wert: Any, parts: list[str]) -> None:
    for entry in wert if knoten.mehrfach else (wert,):
        parts.append(knoten.start)
        before = len(parts)
        _render(knoten.kinder, entry, parts)
        if len(parts) > before or knoten.mehrfach or knoten.pflicht:
            parts.append(knoten.end)
        else:
            parts.pop()


def _entry(liste: Sequence[Any], index: Any) -> Any:
    return liste[index] if index < len(liste) else None


def _inner(entries: Iterable[Any], keys: tuple[str | int, ...]) -> Iterable[Any]:
    """The datum at `keys` of each entry that has it."""
    for key in keys:
        entries = [wert for entry in entries if (wert := entry.get(key)) is not None]
    return entries
