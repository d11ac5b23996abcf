"""Logs hold codes, ids and durations, and nothing about a person or a case."""

import re

import pytest

from tests.betrieb import AMT, POLIZEI
from tests.web.site import TEXT_XML, Site

pytestmark = pytest.mark.xdist_group("web")

SECRETS = ("Geheimrath", "Zebulon", "1931-02-03", "AZ-XY-777", "Personenfahndung", "ma-4711", "Verstecktweg")


def test_the_log_of_all_kinds_of_exchanges_names_no_person_and_no_case(running_site: Site) -> None:
    site = running_site
    asked = {
        "familienname": "Geheimrath",
        "vornamen": "Zebulon",
        "strasse": "Verstecktweg",
        "aktenzeichen": "AZ-XY-777",
        "anlass": "Personenfahndung",
        "benutzer": "ma-4711",
    }
    frage = site.house.frage(AMT, geschlecht="w", **asked)
    outcomes = {
        site.ask(AMT, **asked),
        site.ask(POLIZEI, sicherheit=True, **{**asked, "strasse": None}),
        site.ask(AMT, sicherheit=True, **asked),
        site.ask(AMT, **{**asked, "leser": "ags:01001000"}),
        site.ask(AMT, **{**asked, "aktenzeichen": " "}),
    }
    assert outcomes == {"R 02", "03", "R 02 03", "0910 T080", "0910 S030"}
    signed = site.signed(**asked)
    for body in (frage, signed[:-200], signed.replace(b"<nachricht>", b"<nachricht>AAAA"), b"<Geheimrath/>"):
        assert site.send("POST", "/xmeld", body, Content_Type=TEXT_XML).status == 500
    site.send("GET", "/Geheimrath?Zebulon", Referer="http://Verstecktweg/", User_Agent="ma-4711")
    log = site.running.log
    assert len(re.findall(r"exchange=[0-9a-f]{16} ", log)) >= 9
    assert [word for word in SECRETS if word.casefold() in log.casefold()] == []
    assert "Traceback" not in log
