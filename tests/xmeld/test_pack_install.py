"""Listing, adding and checking schema packs, from sources that are not to be trusted."""

import hashlib
import shutil
import stat
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from lxml import etree

from gateway.errors import ConfigError
from gateway.xmeld import pack_install
from gateway.xmeld.pack_install import add, check, installed
from gateway.xmeld.packs import Packs
from tests.conformance.mutationen import XMELD
from tests.shared import SHARED, needs_shared

XSD = Path(__file__).parents[2] / "xsd"
PACK = "xmeld-25.11a"
BUILDER, NOTICES = "datenbestaetigung-1", "unterrichtung-1"  # build on PACK
TRANSPORT = "osci-1.2"
MESSAGES = ("0910", "1322", "1330", "1331", "1332", "1333")
PUBLISHED = SHARED / "xmeld" / "xsd-25.11a"
SCHEMA = b'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="http://www.osci.de/xmeld2605"/>'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of packs, as an instance has it."""
    shutil.copytree(XSD, tmp_path / "xsd")
    return tmp_path / "xsd"


@pytest.fixture
def later(tmp_path: Path) -> Path:
    """The schema files of a later version, without a pack.toml, as a publisher gives them away."""
    source = _schemas_of(XSD / PACK, tmp_path / "later")
    for file in source.rglob("*.xsd"):
        text = file.read_text(encoding="utf-8").replace("xmeld2511a", "xmeld2605").replace("25.11a", "26.05")
        file.write_text(text, encoding="utf-8")
    return source


def zipped(source: Path) -> Path:
    archive = source.with_suffix(".zip")
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("Lies mich.txt", "not a schema, therefore not installed")
        for path in sorted(source.rglob("*.xsd")):
            file.write(path, f"paket/{path.relative_to(source).as_posix()}")
    return archive


def snapshot(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


class TestListing:
    def test_each_pack_is_a_row(self, folder: Path) -> None:
        builder, transport, notices, row = installed(folder)
        assert (builder.name, builder.messages, builder.files) == (BUILDER, ("9910", "9911"), 1)
        assert (transport.name, transport.version, transport.namespace) == (TRANSPORT, "1.2", None)
        assert "ProcessDelivery" in transport.messages
        assert (notices.name, notices.messages, notices.files) == (NOTICES, ("9920",), 1)
        assert (row.name, row.version, row.namespace) == (PACK, "25.11a", "http://www.osci.de/xmeld2511a")
        assert row.messages == MESSAGES
        assert row.valid_from == date(2025, 11, 1)
        assert row.files == len(list((folder / PACK).rglob("*.xsd")))

    def test_a_folder_without_packs_has_no_rows(self, tmp_path: Path) -> None:
        assert installed(tmp_path / "nothing") == []


class TestAdding:
    def test_a_zip_of_a_later_version_is_installed_beside_with_unchanged_files(self, folder: Path, later: Path) -> None:
        row = add(zipped(later), folder)
        assert (row.name, row.version, row.valid_from) == ("xmeld-26.05", "26.05", date(2026, 5, 1))
        assert row.messages == MESSAGES
        for path in later.rglob("*.xsd"):
            copied = folder / "xmeld-26.05" / "paket" / path.relative_to(later)
            assert copied.read_bytes() == path.read_bytes()
        assert sorted(path.name for path in folder.iterdir()) == [BUILDER, TRANSPORT, NOTICES, PACK, "xmeld-26.05"]
        root = etree.Element("{http://www.osci.de/xmeld2605}datenabruf.personensuche.suchanfrage.1330")
        assert Packs.load(folder).choose(root)[0].name == "xmeld-26.05"

    def test_addresses_on_the_network_are_found_in_the_pack(self, folder: Path, later: Path) -> None:
        for file in later.rglob("*.xsd"):
            text = file.read_text(encoding="utf-8")
            for part in ("xinneres", "xoev"):
                text = text.replace(f'"{part}/', f'"http://schemata.invalid/{part}/')
                text = text.replace(f'"../{part}/', f'"http://schemata.invalid/{part}/')
            file.write_text(text, encoding="utf-8")
        add(later, folder)
        pack = next(pack for pack in Packs.load(folder).packs if pack.version == "26.05")
        pack.warm()
        manifest = (pack.folder / "pack.toml").read_text(encoding="utf-8")
        assert '"http://schemata.invalid/xoev/din91379.xsd" = "xoev/din91379.xsd"' in manifest

    def test_an_address_that_no_file_answers_is_refused(self, folder: Path, later: Path) -> None:
        (later / "xinneres" / "datum.xsd").unlink()
        with pytest.raises(ConfigError, match=r"xinneres/datum\.xsd: must be one file .* none of the files"):
            add(later, folder)

    def test_an_address_that_two_files_answer_is_refused(self, folder: Path, later: Path) -> None:
        for name in ("a.xsd", "b.xsd"):
            shutil.copy(later / "xinneres" / "datum.xsd", later / "xinneres" / name)
        (later / "xinneres" / "datum.xsd").unlink()
        with pytest.raises(ConfigError, match=r"may be xinneres/a\.xsd, xinneres/b\.xsd"):
            add(later, folder)

    def test_the_entry_must_be_told_where_several_files_could_be_it(self, folder: Path, later: Path) -> None:
        shutil.copy(later / "xmeld.xsd", later / "other.xsd")
        with pytest.raises(ConfigError, match=r"candidates: other\.xsd, xmeld\.xsd"):
            add(later, folder)
        assert add(later, folder, entry="other.xsd", name="andere").name == "andere"

    def test_a_pack_of_an_installed_namespace_is_refused_unless_it_replaces(self, folder: Path, tmp_path: Path) -> None:
        source = _schemas_of(folder / PACK, tmp_path / "same")
        for builder in (BUILDER, NOTICES):
            shutil.rmtree(folder / builder)
        before = snapshot(folder)
        with pytest.raises(ConfigError, match=f"{PACK} has the namespace http://www.osci.de/xmeld2511a already"):
            add(source, folder, name="other")
        assert snapshot(folder) == before
        assert add(source, folder, name="other", replace=True).name == "other"
        assert sorted(path.name for path in folder.iterdir()) == [TRANSPORT, "other"]
        assert add(source, folder, replace=True).name == PACK
        assert sorted(path.name for path in folder.iterdir()) == [TRANSPORT, PACK]

    def test_an_existing_folder_is_not_overwritten(self, folder: Path, later: Path) -> None:
        with pytest.raises(ConfigError, match="exists already and is of another namespace"):
            add(later, folder, name=PACK)

    @pytest.mark.parametrize("name", ["../x", "a/b", ".hidden", "x" * 81])
    def test_a_name_that_is_no_folder_name_is_refused(self, folder: Path, later: Path, name: str) -> None:
        with pytest.raises(ConfigError, match="not a usable name"):
            add(later, folder, name=name)

    def test_a_version_that_tells_no_month_needs_a_date(self, folder: Path, later: Path) -> None:
        for file in later.rglob("*.xsd"):
            file.write_text(file.read_text(encoding="utf-8").replace("26.05", "4.0"), encoding="utf-8")
        with pytest.raises(ConfigError, match=r"valid_from: cannot be told from the version 4\.0"):
            add(later, folder)
        row = add(later, folder, valid_from=date(2026, 5, 1), valid_until=date(2026, 11, 15))
        assert (row.valid_from, row.valid_until) == (date(2026, 5, 1), date(2026, 11, 15))

    def test_schemas_without_any_handled_message_are_refused(self, folder: Path, later: Path) -> None:
        for file in later.rglob("*.xsd"):
            text = file.read_text(encoding="utf-8")
            for number in MESSAGES:
                text = text.replace(f'.{number}"', f'.x{number}"')
            file.write_text(text, encoding="utf-8")
        with pytest.raises(ConfigError, match="declares none of the messages"):
            add(later, folder)

    def test_what_does_not_compile_leaves_nothing_behind(self, folder: Path, later: Path) -> None:
        file = later / "bausteine.xsd"
        file.write_text(file.read_text(encoding="utf-8").replace("xida:Tagesdatum", "xida:Nie"), encoding="utf-8")
        before = snapshot(folder)
        with pytest.raises(ConfigError, match="not a usable schema"):
            add(later, folder)
        assert snapshot(folder) == before
        assert sorted(path.name for path in folder.iterdir()) == [BUILDER, TRANSPORT, NOTICES, PACK]

    def test_a_pack_that_another_builds_on_is_replaced_under_its_name_only(self, folder: Path, tmp_path: Path) -> None:
        source = _schemas_of(folder / PACK, tmp_path / "same")
        before = snapshot(folder)
        with pytest.raises(ConfigError, match=rf"{BUILDER}/pack\.toml: requires: no pack {PACK} lies beside"):
            add(source, folder, name="other", replace=True)
        assert snapshot(folder) == before
        assert add(source, folder, replace=True).name == PACK
        assert sorted(path.name for path in folder.iterdir()) == [BUILDER, TRANSPORT, NOTICES, PACK]

    def test_a_pack_that_lacks_what_another_builds_on_takes_no_place(self, folder: Path, tmp_path: Path) -> None:
        source = _schemas_of(folder / PACK, tmp_path / "same")
        for file in source.rglob("*.xsd"):
            text = file.read_text(encoding="utf-8")
            file.write_text(text.replace("type.Doktorgrad", "type.Akademischer"), encoding="utf-8")
        before = snapshot(folder)
        with pytest.raises(ConfigError, match=r"datenbestaetigung\.xsd: not a usable schema"):
            add(source, folder, replace=True)
        assert snapshot(folder) == before
        assert {finding.problem for finding in check(folder)} == {None}

    def test_a_version_of_the_standard_need_not_have_the_projects_own_messages(self, folder: Path, later: Path) -> None:
        assert not {"9910", "9911"} & set(add(later, folder).messages)


def _schemas_of(pack: Path, place: Path) -> Path:
    shutil.copytree(pack, place, ignore=shutil.ignore_patterns("pack.toml"))
    return place


def _archive(*members: tuple[str, bytes]) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in members:
                archive.writestr(zipfile.ZipInfo(name), content)

    return write


def _symlink(path: Path) -> None:
    link = zipfile.ZipInfo("link.xsd")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(link, "/etc/passwd")


def _bomb(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.xsd", SCHEMA + b" " * 3_000_000)


def _no_archive(path: Path) -> None:
    path.write_bytes(b"PK but not really")


def _truncated(path: Path) -> None:
    _archive(("a.xsd", SCHEMA))(path)
    path.write_bytes(path.read_bytes()[:-30])


def _corrupted(path: Path) -> None:
    _archive(("a.xsd", SCHEMA))(path)
    content = bytearray(path.read_bytes())
    content[60] ^= 0xFF
    path.write_bytes(bytes(content))


def _encrypted(path: Path) -> None:
    _archive(("a.xsd", SCHEMA))(path)
    content = bytearray(path.read_bytes())
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(bytes(content))


HOSTILE: dict[str, tuple[Callable[[Path], None], str]] = {
    "a path upwards": (_archive(("../../a.xsd", SCHEMA)), "leads out of the archive"),
    "a path upwards of another file": (_archive(("a.xsd", SCHEMA), ("../x.txt", b"")), "leads out of the archive"),
    "an absolute path": (_archive(("/etc/a.xsd", SCHEMA)), "leads out of the archive"),
    "a drive": (_archive(("C:/a.xsd", SCHEMA)), "leads out of the archive"),
    "a strange character": (_archive(("a\nb.xsd", SCHEMA)), "only letters, digits"),
    "a hidden file": (_archive((".a.xsd", SCHEMA)), "only letters, digits"),
    "a link": (_symlink, "neither a file nor a folder"),
    "a name twice": (_archive(("a.xsd", SCHEMA), ("A.xsd", SCHEMA)), "occurs twice"),
    "too many files": (_archive(*((f"{number}.xsd", SCHEMA) for number in range(12))), "more than 10 schema files"),
    "a bomb": (_bomb, "more than 1000000 bytes of schema files"),
    "no ZIP": (_no_archive, "not a usable ZIP file"),
    "a truncated ZIP": (_truncated, "not a usable ZIP file"),
    "a corrupted ZIP": (_corrupted, "not a usable ZIP file"),
    "an encrypted ZIP": (_encrypted, "not a usable ZIP file"),
    "no schema": (_archive(("a.txt", b"")), r"holds no \.xsd file"),
    "no XML": (_archive(("a.xsd", b"Hallo")), r"a\.xsd: not well-formed XML"),
    "an entity bomb": (_archive(("a.xsd", b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>')), "must not have a DOCTYPE"),
    "a schema without version": (_archive(("a.xsd", SCHEMA)), "states no version"),
    "an address of a local file": (
        _archive(("a.xsd", SCHEMA.replace(b"/>", b'><xs:include schemaLocation="file:///etc/a.xsd"/></xs:schema>'))),
        r"file:///etc/a\.xsd: must be one file",
    ),
}


class TestHostileSources:
    @pytest.mark.parametrize("what", HOSTILE)
    def test_a_hostile_archive_is_refused_and_changes_nothing(
        self, folder: Path, tmp_path: Path, what: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(pack_install, "MAX_TOTAL", 1_000_000)
        monkeypatch.setattr(pack_install, "MAX_FILES", 10)
        write, message = HOSTILE[what]
        archive = tmp_path / "hostile.zip"
        write(archive)
        before = snapshot(tmp_path)
        with pytest.raises(ConfigError, match=message) as caught:
            add(archive, folder)
        assert "\n" not in str(caught.value)
        assert snapshot(tmp_path) == before

    def test_a_link_in_a_folder_is_refused(self, folder: Path, later: Path) -> None:
        (later / "link.xsd").symlink_to("/etc/passwd")
        with pytest.raises(ConfigError, match=r"link\.xsd: not a regular file"):
            add(later, folder)

    def test_a_folder_is_bounded_like_an_archive(
        self, folder: Path, later: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(pack_install, "MAX_TOTAL", 1000)
        with pytest.raises(ConfigError, match="more than 1000 bytes"):
            add(later, folder)

    def test_a_source_that_is_not_there_is_named(self, folder: Path, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match=r"nowhere\.zip: cannot be read: No such file"):
            add(tmp_path / "nowhere.zip", folder)


class TestChecking:
    def test_sound_packs_are_reported_sound(self, folder: Path) -> None:
        assert [(finding.folder, finding.problem) for finding in check(folder)] == [
            (name, None) for name in (BUILDER, TRANSPORT, NOTICES, PACK)
        ]

    def test_every_pack_is_reported_whatever_is_wrong_with_another(self, folder: Path) -> None:
        shutil.copytree(folder / PACK, folder / "copy")
        shutil.copytree(folder / PACK, folder / "damaged")
        (folder / "damaged" / "codes.xsd").write_bytes(b"")
        findings = {(finding.folder, (finding.problem or "sound").partition(": ")[2]) for finding in check(folder)}
        assert ("damaged", "files.codes.xsd: the file was changed, its checksum does not match") in findings
        assert [finding.problem for finding in check(folder) if finding.folder == PACK][1] == (
            "has the name or the namespace of copy; only one of them can be used"
        )

    def test_a_transport_whose_schemas_do_not_compile_is_named(self, folder: Path) -> None:
        pack = folder / TRANSPORT
        former, schema = (pack / "ExitDialog.xsd").read_bytes(), pack / "ExitDialog.xsd"
        schema.write_bytes(former.replace(b'type="osci:exitDialogType"', b'type="osci:nothing"'))
        manifest = (pack / "pack.toml").read_text()
        digests = [hashlib.sha256(content).hexdigest() for content in (former, schema.read_bytes())]
        (pack / "pack.toml").write_text(manifest.replace(*digests))
        problem = next(finding.problem for finding in check(folder) if finding.folder == TRANSPORT)
        assert problem is not None
        assert "ExitDialog.xsd: not a usable schema" in problem

    def test_a_kind_that_is_not_known_is_named(self, folder: Path) -> None:
        manifest = folder / TRANSPORT / "pack.toml"
        manifest.write_text(manifest.read_text().replace('"transport"', '"post"'))
        problem = next(finding.problem for finding in check(folder) if finding.folder == TRANSPORT)
        assert problem is not None
        assert "kind: must be messages or transport" in problem

    def test_nothing_to_check_is_an_error(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match="no schema pack is installed"):
            check(tmp_path)


@needs_shared
class TestThePublishersSet:
    def test_it_is_installed_unchanged_below_what_builds_on_it_and_judges_the_samples(self, folder: Path) -> None:
        row = add(PUBLISHED, folder, replace=True)
        assert (row.name, row.version, row.messages) == (PACK, "25.11a", MESSAGES)
        assert snapshot(PUBLISHED).items() <= snapshot(folder / PACK).items()
        pack = Packs.load(folder).newest
        judged = 0
        for path in sorted((SHARED / "xmeld" / "samples").rglob("*.xml")):
            root = etree.parse(path).getroot()
            if root.tag in {f"{XMELD}{message.element}" for message in pack.messages.values()}:
                assert pack.is_valid(root), path.name
                judged += 1
        assert judged == 10
