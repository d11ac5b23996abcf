"""The OSCI schemas: what stops their loading, and that a violation names place and rule but no value."""

import hashlib
import shutil
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from lxml import etree

from gateway.envelope.osci.schema import PACK, OsciSchemas
from gateway.errors import ConfigError
from gateway.xmeld.packs import Packs

XSD = Path(__file__).parents[3] / "xsd"

NEXT = "http://schemas.xmlsoap.org/soap/actor/next"
DIALOG_END = f"""\
<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/" xmlns:osci="http://www.osci.de/2002/04/osci">
  <soap:Header>
    <osci:ControlBlock Id="control" ConversationId="17" SequenceNumber="2" soap:mustUnderstand="1" soap:actor="{NEXT}">
      <osci:Response>geheim-1</osci:Response>
      <osci:Challenge>geheim-2</osci:Challenge>
    </osci:ControlBlock>
    <osci:DesiredLanguages Id="languages" LanguagesList="de" soap:mustUnderstand="1" soap:actor="{NEXT}"/>
  </soap:Header>
  <soap:Body Id="body"><osci:exitDialog/></soap:Body>
</soap:Envelope>"""


@pytest.fixture(scope="module")
def schemas() -> OsciSchemas:
    return OsciSchemas.load(XSD)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of packs that holds this one."""
    shutil.copytree(XSD / PACK, tmp_path / PACK)
    return tmp_path


def _changed(*change: str) -> etree._Element:
    assert change[0] in DIALOG_END
    return etree.fromstring(DIALOG_END.replace(change[0], change[1]))


def test_requests_and_responses_the_encrypted_message_and_the_fault_are_known(schemas: OsciSchemas) -> None:
    requests = {name for name in schemas.types if not name.startswith(("ResponseTo", "Message"))}
    assert len(requests) == 10
    assert schemas.types - requests == {f"ResponseTo{name}" for name in requests} | {"MessageEncrypted", "MessageFault"}


def test_the_pack_is_none_of_xmeld_messages() -> None:
    assert PACK not in {pack.name for pack in Packs.load(XSD).packs}


def test_a_valid_envelope_has_no_violation(schemas: OsciSchemas) -> None:
    assert schemas.violation("ExitDialog", etree.fromstring(DIALOG_END)) is None


def test_an_envelope_of_an_unknown_type_is_never_valid(schemas: OsciSchemas) -> None:
    for unknown in ("PartialStoreDelivery", "exitDialog", "", "../ExitDialog"):
        found = schemas.violation(unknown, etree.fromstring(DIALOG_END))
        assert found == "Ort: /; Regel: der Nachrichtentyp ist hier nicht vorgesehen."


def test_an_envelope_is_not_valid_as_another_type(schemas: OsciSchemas) -> None:
    for other in schemas.types - {"ExitDialog"}:
        assert schemas.violation(other, etree.fromstring(DIALOG_END)), other


CONTROL = "/Envelope[1]/Header[1]/ControlBlock[1]"
VIOLATIONS = {
    "a block is missing": (
        ('<osci:DesiredLanguages Id="languages" LanguagesList="de"', '<osci:Erika a="b"'),
        "Ort: /Envelope[1]/Header[1]/*[1]; Regel: ein Element fehlt oder steht an falscher Stelle.",
    ),
    "a value of the wrong type": (
        ('ConversationId="17"', 'ConversationId="Erika"'),
        f"Ort: {CONTROL}/@ConversationId; Regel: der Wert hat nicht die vorgeschriebene Form.",
    ),
    "an attribute that must not be": (
        ('ConversationId="17"', 'ConversationId="17" erika="Erika"'),
        f"Ort: {CONTROL}; Regel: das Attribut ist hier nicht zulässig.",
    ),
    "an attribute that must be": (
        ('ConversationId="17"', ""),
        f"Ort: {CONTROL}/@ConversationId; Regel: ein Pflichtattribut fehlt.",
    ),
    "a fixed attribute": (
        (f'soap:actor="{NEXT}">', 'soap:actor="urn:erika">'),
        "Ort: /Envelope[1]/Header[1]/*[1]/@actor; Regel: das Attribut hat einen festen Wert.",
    ),
    "an Id that occurs twice": (
        ('Id="languages"', 'Id="control"'),
        "Ort: /Envelope[1]/Header[1]/DesiredLanguages[1]/@Id; Regel: der Wert ist kein gültiger Wert des Datentyps.",
    ),
    "text in an empty element": (
        ("<osci:exitDialog/>", "<osci:exitDialog>Erika</osci:exitDialog>"),
        "Ort: /Envelope[1]/Body[1]/exitDialog[1]; Regel: das Element muss leer sein.",
    ),
    "another root": (
        ("soap:Envelope", "soap:Erika"),
        "Ort: /*[1]; Regel: das Element ist dem Schema nicht bekannt.",
    ),
}


@pytest.mark.parametrize("what", VIOLATIONS)
def test_a_violation_names_place_and_rule_and_no_value(schemas: OsciSchemas, what: str) -> None:
    change, text = VIOLATIONS[what]
    found = schemas.violation("ExitDialog", _changed(*change))
    assert found == text
    assert "erika" not in found.lower()
    assert "geheim" not in found


def test_the_verdict_on_a_tree_is_the_same_each_time(schemas: OsciSchemas) -> None:
    twice = _changed('Id="languages"', 'Id="control"')
    assert len({schemas.violation("ExitDialog", twice) for _ in range(3)}) == 1
    valid = etree.fromstring(DIALOG_END)
    assert [schemas.violation("ExitDialog", valid) for _ in range(3)] == [None] * 3


def test_threads_get_the_violation_of_their_own_envelope(schemas: OsciSchemas) -> None:
    changes = [(None, None), *VIOLATIONS.values()] * 40

    def asked(change: tuple[str, str] | None) -> str | None:
        root = _changed(*change) if change else etree.fromstring(DIALOG_END)
        return schemas.violation("ExitDialog", root)

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(asked, [change for change, _ in changes]))
    assert found == [text for _, text in changes]


# -- loading --------------------------------------------------------------------------------------------------------


def _rewritten(name: str, old: str, new: str) -> Callable[[Path], None]:
    """A change that keeps the checksums right."""

    def change(pack: Path) -> None:
        file, manifest = pack / name, pack / "pack.toml"
        before = hashlib.sha256(file.read_bytes()).hexdigest()
        assert old in file.read_text()
        file.write_text(file.read_text().replace(old, new))
        after = hashlib.sha256(file.read_bytes()).hexdigest()
        manifest.write_text(manifest.read_text().replace(before, after))

    return change


def _manifest(old: str, new: str) -> Callable[[Path], None]:
    def change(pack: Path) -> None:
        manifest = pack / "pack.toml"
        assert old in manifest.read_text()
        manifest.write_text(manifest.read_text().replace(old, new))

    return change


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a missing file": (lambda pack: (pack / "xenc.xsd").unlink(), r"files\.xenc\.xsd: cannot be read"),
    "a changed file": (
        lambda pack: (pack / "soap.xsd").write_text((pack / "soap.xsd").read_text() + "\n"),
        r"files\.soap\.xsd: the file was changed, its checksum does not match",
    ),
    "a file that is not listed": (
        lambda pack: shutil.copy(pack / "soap.xsd", pack / "more.xsd"),
        r"files: more\.xsd lies in the pack but is not listed",
    ),
    "a file that is no XML": (_rewritten("soap.xsd", "</xs:schema>", ""), r"soap\.xsd: not well-formed XML"),
    "a type that is nowhere defined": (
        _rewritten("ExitDialog.xsd", 'type="osci:exitDialogType"', 'type="osci:gibtsnicht"'),
        r"ExitDialog\.xsd: not a usable schema",
    ),
    "an address that leads out of the pack": (
        _rewritten("osci.xsd", 'schemaLocation="xenc.xsd"', 'schemaLocation="http://www.w3.org/xenc.xsd"'),
        r"osci\.xsd: http://www\.w3\.org/xenc\.xsd is not a file of the pack",
    ),
    "a type whose file is not there": (
        _manifest('ExitDialog = "ExitDialog.xsd"', 'ExitDialog = "Other.xsd"'),
        r"entries\.ExitDialog: is not one of the files",
    ),
    "a pack of another kind": (_manifest('kind = "transport"', 'kind = "messages"'), "kind: must be transport"),
    "an unknown key": (_manifest('version = "1.2"', 'version = "1.2"\nlocation = "x"'), "location: unknown key"),
    "a manifest that is no TOML": (_manifest("kind =", "kind"), "cannot be read"),
}


@pytest.mark.parametrize("what", DAMAGES)
def test_a_damaged_pack_is_refused_and_named(folder: Path, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    damage, message = DAMAGES[what]
    damage(folder / PACK)
    monkeypatch.setattr(socket, "socket", None)  # nothing is looked for elsewhere
    with pytest.raises(ConfigError, match=message) as caught:
        OsciSchemas.load(folder)
    assert str(folder / PACK) in str(caught.value)
    assert "\n" not in str(caught.value).strip()


def test_a_folder_of_packs_without_this_one_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"lacks the pack osci-1\.2") as caught:
        OsciSchemas.load(tmp_path)
    assert str(tmp_path) in str(caught.value)


def test_what_is_compiled_is_what_was_checked(folder: Path) -> None:
    loaded = OsciSchemas.load(folder)
    shutil.rmtree(folder / PACK)
    assert loaded.violation("ExitDialog", etree.fromstring(DIALOG_END)) is None
