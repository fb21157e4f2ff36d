"""The lab's root key on real sockets: taken once, compared after that, and what its signatures prove."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import cmclient
from cmclient.assemble import Run, open_locator
from cmclient.cli import codes
from cmclient.cli.main import main
from cmclient.config import load_config
from cmclient.errors import RootKeyBlockedError
from cmclient.lab import Lab
from cmclient.model.facts import Membership
from cmclient.model.rootkey import KeySource, KeyStanding
from cmclient.protocol.rootkeyblob import build_root_key
from cmclient.rules.rootkey import key_fingerprint


@pytest.fixture(scope="module")
def running() -> Iterator[Lab]:
    with Lab() as lab:
        yield lab


@pytest.fixture
def lab(running: Lab) -> Lab:
    running.set_fault("mp", None, None)
    running.journal.clear()
    return running


def locate(lab: Lab, folder: Path, **changes: object) -> cmclient.Location:
    """As a machine of a workgroup, which has nobody to ask but DNS and management points."""
    facts = lab.client_facts()._replace(membership=Membership.WORKGROUP, domain=None)
    values = {**lab.settings(), "use_pki_cert": False, "store": str(folder / "store.sqlite3"), **changes}
    with open_locator(load_config(overrides=values), Run(facts=facts, remembers=True, writes=True)) as locator:
        return locator.locate()


def asked(lab: Lab, keyword: str) -> int:
    return sum(keyword in entry.what for entry in lab.journal.entries("GET"))


@pytest.mark.rule("TR-052", "TR-054")
def test_first_use__then_another_key_is_refused_until_it_is_reset(lab: Lab, tmp_path: Path) -> None:
    first = locate(lab, tmp_path)
    assert first.root_key is not None
    assert (first.root_key.source, first.root_key.fingerprint) == (
        KeySource.MANAGEMENT_POINT,
        key_fingerprint(lab.running.site_keys.root_key),
    )
    assert asked(lab, "MPKEYINFORMATION") == 1
    again = locate(lab, tmp_path)
    assert again.root_key is not None
    assert again.root_key.source is KeySource.STORE
    lab.set_fault("mp", None, "lying")
    lab.journal.clear()
    with pytest.raises(RootKeyBlockedError) as caught:
        locate(lab, tmp_path)
    assert asked(lab, "MPKEYINFORMATION") > 0
    assert asked(lab, "MPLIST") == 0
    assert caught.value.location.root_key.standing is KeyStanding.BLOCKED
    lab.set_fault("mp", None, None)
    assert locate(lab, tmp_path).chosen is not None, "the kept key is still the right one"


def test_signatures_of_the_lab__hold(lab: Lab, tmp_path: Path) -> None:
    location = locate(lab, tmp_path)
    assert location.root_key is not None
    assert [one.verified for one in location.root_key.checks] == [True, True]
    assert "signature reversed" in location.root_key.checks[1].detail


@pytest.mark.rule("TR-053")
def test_https__no_key_is_asked_for(lab: Lab, tmp_path: Path) -> None:
    location = locate(lab, tmp_path, use_pki_cert=True)
    assert location.endpoint is not None
    assert location.endpoint.scheme.value == "https"
    assert asked(lab, "MPKEYINFORMATION") == 0


@pytest.mark.rule("TR-054")
def test_command__a_wrong_key_has_its_own_code_and_says_what_to_do(
    lab: Lab, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = build_root_key((1 << 2047) | 12345).text
    mp = next(one for one in lab.hierarchy.mp_list_for(lab.hierarchy.locate("127.0.0.1"), registered=False))
    address = lab.description.addresses[mp.host]
    arguments = [
        *(
            "locate",
            "--format",
            "json",
            "--set",
            f"trusted_root_key={key}",
            "--mp",
            f"{address}:{lab.running.web.http}",
        ),
        *("--set", f"store={tmp_path / 's.sqlite3'}", "--site-code", "P01", "--no-report"),
        *("--set", "network_location=intranet"),
    ]
    code = main(arguments)
    document = json.loads(capsys.readouterr().out)
    assert code == codes.TRUST_REFUSED
    assert document["error"]["code"] == "root-key-blocked"
    assert "mobileclient.tcf" in document["error"]["hint"]
    assert document["root_key"]["standing"] == "blocked"
    main(["locate", "--explain", *arguments[3:]])
    text = capsys.readouterr().out
    assert "trusted root key: blocked, from the settings" in text
    assert "TR-054" in text
