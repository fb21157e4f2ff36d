"""Which root key is trusted, and who has to show it: every row of the table."""

from pathlib import Path

import pytest
from world import CORP

from cmclient.assemble_rootkey import with_issuers, with_root_key
from cmclient.config import load_config
from cmclient.errors import ConfigError
from cmclient.model.directory import DirectoryEntry, PublishedSite
from cmclient.model.endpoints import Endpoint, Scheme
from cmclient.model.names import HostName, SiteCode
from cmclient.model.rootkey import KeyDuty, KeySource, KeyStanding, KnownKey, KnownKeys
from cmclient.protocol.directory import read_sites
from cmclient.protocol.directory_entries import site_entry
from cmclient.protocol.rootkeyblob import build_root_key
from cmclient.protocol.rootkeyfile import ROOT_KEY_FILE_CAP
from cmclient.rules.rootkey import choose_root_key, find_duty, find_published_key, judge_key, key_fingerprint

KEY, OTHER = build_root_key((1 << 2047) | 12345), build_root_key((1 << 2047) | 54321)
GIVEN, PUBLISHED, STORED = (
    KnownKey(KEY, source, "there") for source in (KeySource.SETTINGS, KeySource.DIRECTORY, KeySource.STORE)
)
ABC, XYZ, P01 = SiteCode("ABC"), SiteCode("XYZ"), SiteCode("P01")
HOST = HostName("mp1.corp.test")
HTTP, HTTPS = Endpoint(Scheme.HTTP, HOST, 80), Endpoint(Scheme.HTTPS, HOST, 443)


@pytest.mark.parametrize(
    ("known", "standing", "source", "rule"),
    [
        pytest.param(
            KnownKeys(GIVEN, PUBLISHED, STORED),
            KeyStanding.KNOWN,
            KeySource.SETTINGS,
            "TR-056",
            marks=pytest.mark.rule("TR-056"),
        ),
        pytest.param(
            KnownKeys(None, PUBLISHED, STORED),
            KeyStanding.KNOWN,
            KeySource.DIRECTORY,
            "AD-027",
            marks=pytest.mark.rule("AD-027"),
        ),
        pytest.param(
            KnownKeys(None, None, STORED),
            KeyStanding.KNOWN,
            KeySource.STORE,
            "TR-054",
            marks=pytest.mark.rule("TR-054"),
        ),
        pytest.param(KnownKeys(), KeyStanding.FIRST_USE, None, "TR-052", marks=pytest.mark.rule("TR-052")),
        pytest.param(
            KnownKeys(None, None, STORED, resets=True),
            KeyStanding.RESET,
            None,
            "TR-055",
            marks=pytest.mark.rule("TR-055"),
        ),
        pytest.param(
            KnownKeys(None, PUBLISHED, STORED, resets=True),
            KeyStanding.KNOWN,
            KeySource.DIRECTORY,
            "AD-027",
            marks=pytest.mark.rule("TR-055"),
        ),
        pytest.param(
            KnownKeys(GIVEN, None, STORED, resets=True),
            KeyStanding.KNOWN,
            KeySource.SETTINGS,
            "TR-056",
            marks=pytest.mark.rule("TR-055"),
        ),
    ],
)
def test_known_from_where__decides_what_is_trusted(
    known: KnownKeys, standing: KeyStanding, source: KeySource | None, rule: str
) -> None:
    decision = choose_root_key(known)
    assert (decision.standing, decision.source, decision.reasons[0].rule) == (standing, source, rule)
    assert decision.fingerprint == ("" if source is None else key_fingerprint(KEY))


def test_another_key_from_a_weaker_place__is_told_and_does_not_count() -> None:
    decision = choose_root_key(KnownKeys(GIVEN, PUBLISHED._replace(key=OTHER), STORED))
    assert decision.fingerprint == key_fingerprint(KEY)
    (said,) = [reason.text for reason in decision.reasons if "another one" in reason.text]
    assert "directory" in said


@pytest.mark.parametrize(
    ("known", "endpoint", "is_published", "duty"),
    [
        pytest.param(KnownKeys(), HTTPS, False, KeyDuty.NONE, marks=pytest.mark.rule("TR-053"), id="HTTPS, none known"),
        pytest.param(
            KnownKeys(None, None, STORED), HTTPS, False, KeyDuty.NONE, marks=pytest.mark.rule("TR-053"), id="HTTPS"
        ),
        pytest.param(KnownKeys(), HTTP, False, KeyDuty.ADOPT, marks=pytest.mark.rule("TR-052"), id="the first one"),
        pytest.param(
            KnownKeys(), HTTP, True, KeyDuty.NONE, marks=pytest.mark.rule("TR-052"), id="directory, none known"
        ),
        pytest.param(
            KnownKeys(None, None, STORED),
            HTTP,
            False,
            KeyDuty.COMPARE,
            marks=pytest.mark.rule("TR-057", "TR-053"),
            id="no directory to tell",
        ),
        pytest.param(
            KnownKeys(None, None, STORED), HTTP, True, KeyDuty.NONE, marks=pytest.mark.rule("TR-057"), id="directory"
        ),
        pytest.param(KnownKeys(None, PUBLISHED), HTTP, False, KeyDuty.COMPARE, id="a stranger to the directory"),
        pytest.param(KnownKeys(GIVEN), HTTP, True, KeyDuty.COMPARE, id="given by a person: always"),
        pytest.param(
            KnownKeys(None, None, STORED, resets=True),
            HTTP,
            False,
            KeyDuty.NONE,
            marks=pytest.mark.rule("TR-055"),
            id="just reset",
        ),
    ],
)
def test_duty(known: KnownKeys, endpoint: Endpoint, is_published: bool, duty: KeyDuty) -> None:  # noqa: FBT001
    assert find_duty(choose_root_key(known), endpoint, is_published=is_published)[0] is duty


@pytest.mark.rule("TR-054", "TR-057")
def test_another_key_is_not_believed() -> None:
    assert judge_key(STORED, KEY) is None
    fault = judge_key(STORED, OTHER)
    assert fault is not None
    assert fault.rule == "TR-054"
    assert key_fingerprint(OTHER)[:16] in fault.text


# The directory


@pytest.mark.rule("TR-051")
@pytest.mark.parametrize(
    ("sites", "wanted"),
    [
        ([PublishedSite(ABC, root_keys=(KEY,)), PublishedSite(XYZ, root_keys=(OTHER,))], KEY),
        ([PublishedSite(ABC), PublishedSite(XYZ, root_keys=(KEY,))], KEY),
        (
            [
                PublishedSite(ABC),
                PublishedSite(XYZ, root_keys=(KEY,)),
                PublishedSite(P01, root_keys=(OTHER,)),
            ],
            None,
        ),
        ([PublishedSite(ABC, root_keys=(KEY, OTHER))], None),
        ([PublishedSite(ABC)], None),
        ([], None),
    ],
    ids=["the client's site", "another site of one hierarchy", "two hierarchies", "two keys", "none", "no site"],
)
def test_published_key(sites: list[PublishedSite], wanted: object) -> None:
    found = find_published_key(sites, ABC)
    assert (found and found.key) == wanted
    assert found is None or found.source is KeySource.DIRECTORY


@pytest.mark.parametrize(
    ("value", "is_one"),
    [
        (KEY.text.encode(), True),
        (KEY.text.lower().encode(), True),
        (KEY.blob, True),
        (KEY.text[:-2].encode(), False),
        (b"ldap://mp1", False),
        (b"\xff" * 40, False),
        (KEY.text.encode() * 40, False),
    ],
    ids=["text", "lower case", "bytes", "cut off", "something else", "no text", "huge"],
)
def test_published_key__only_a_whole_one_is_one(value: bytes, is_one: bool) -> None:  # noqa: FBT001
    plain = site_entry(PublishedSite(ABC), domain=CORP)
    entry = DirectoryEntry(plain.dn, {**plain.attributes, "servicebindinginformation": (value, b"1")})
    ((site,), broken) = read_sites([entry])
    assert (site.root_keys, broken) == ((KEY,) if is_one else (), ())


def test_published_key__is_written_as_it_is_read() -> None:
    site = PublishedSite(ABC, root_keys=(KEY,))
    assert read_sites([site_entry(site, domain=CORP)]) == ((site,), ())


# Settings, and the file


@pytest.mark.rule("TR-056", "IP-063")
def test_setup_line__gives_the_key() -> None:
    config = load_config(setup_line=f"SMSPUBLICROOTKEY={KEY.text.lower()} SMSSITECODE=ABC")
    assert (config.trusted_root_key, config.origins["trusted_root_key"]) == (KEY.text, "setup line SMSPUBLICROOTKEY")
    assert load_config().trusted_root_key is None


@pytest.mark.rule("TR-055", "IP-054")
def test_setup_line__resets_the_key() -> None:
    assert load_config(setup_line="RESETKEYINFORMATION=TRUE").reset_trusted_root_key
    assert not load_config(setup_line="SMSSITECODE=ABC").reset_trusted_root_key


@pytest.mark.rule("TR-056", "IP-064")
@pytest.mark.parametrize(
    "content",
    [
        f"{KEY.text}\r\n".encode(),
        f"[IDENT]\r\nTYPE=Target Configuration File\r\n\r\n[SITE]\r\nSMSPublicRootKey={KEY.text}\r\n".encode(),
        f"[Site]\nsmspublicrootkey = {KEY.text.lower()}\nSMSPublicRootKey={KEY.text}".encode("utf-16"),
        b"\xef\xbb\xbf" + KEY.text.encode(),
    ],
    ids=["the key alone", "mobileclient.tcf", "UTF-16, twice the same", "UTF-8 with a mark"],
)
def test_file__holds_the_key(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "mobileclient.tcf"
    path.write_bytes(content)
    config = with_root_key(load_config(setup_line=f'SMSROOTKEYPATH="{path}" SMSSITECODE=ABC'))
    assert (config.trusted_root_key, config.origins["trusted_root_key"]) == (KEY.text, f"file {path}")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "cannot be read: No such file"),
        (b"", "hexadecimal"),
        (KEY.text[:-2].encode(), "its length is not that"),
        (b"[Site]\nSMSSiteCode=ABC\n", "no line SMSPublicRootKey="),
        (f"SMSPublicRootKey={KEY.text}\nSMSPublicRootKey={OTHER.text}\n".encode(), "several lines"),
        (b"\xff\xfe\x00", "no text"),
        (b"\x80" * 100, "no text"),
        (b"0" * (ROOT_KEY_FILE_CAP + 5), "more than"),
    ],
    ids=["missing", "empty", "cut off", "no such line", "two keys", "half UTF-16", "bytes", "huge"],
)
def test_file__that_gives_no_key__is_a_fault_of_the_settings(
    content: bytes | None, problem: str, tmp_path: Path
) -> None:
    path = tmp_path / "trk.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=problem):
        with_root_key(load_config(overrides={"trusted_root_key_file": str(path)}))


def test_file_and_text__have_to_agree(tmp_path: Path) -> None:
    path = tmp_path / "trk.txt"
    path.write_text(KEY.text)
    same = {"trusted_root_key_file": str(path), "trusted_root_key": KEY.text}
    assert with_root_key(load_config(overrides=same)).origins["trusted_root_key"] == "program"
    with pytest.raises(ConfigError, match="another key"):
        with_root_key(load_config(overrides=same | {"trusted_root_key": OTHER.text}))


def _file_that_says(path: Path, *lines: str) -> str:
    path.write_text("\n".join(["[SITE]", f"SMSPublicRootKey={KEY.text}", *lines]), encoding="utf-8")
    return str(path)


@pytest.mark.rule("TR-023")
def test_certificate_issuers_list__is_that_given__else_that_of_the_file_of_the_site(tmp_path: Path) -> None:
    path = _file_that_says(tmp_path / "mobileclient.tcf", "CertificateIssuers=CN=Größe; O=Contoso, Ltd | CN=B ")
    alone = with_issuers(load_config(setup_line=f'SMSROOTKEYPATH="{path}" SMSSITECODE=ABC'))
    assert alone.certificate_issuers == "CN=Größe; O=Contoso, Ltd | CN=B"
    assert alone.origins["certificate_issuers"] == f"file {path}"
    both = with_issuers(load_config(setup_line=f'SMSROOTKEYPATH="{path}" SMSSITECODE=ABC CCMCERTISSUERS="CN=A"'))
    assert both.certificate_issuers == "CN=A"


@pytest.mark.rule("TR-023")
@pytest.mark.parametrize("lines", [(), ("CertificateIssuers=",), ("CertificateIssuers= ", "X=CertificateIssuers=CN=A")])
def test_certificate_issuers_list__of_a_site_without_one__is_none(lines: tuple[str, ...], tmp_path: Path) -> None:
    path = _file_that_says(tmp_path / "mobileclient.tcf", *lines)
    assert with_issuers(load_config(overrides={"trusted_root_key_file": path})).certificate_issuers is None


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        (("CertificateIssuers=nobody",), "no certificate issuers list can be read from"),
        (("CertificateIssuers=CN=A", "CertificateIssuers=CN=B"), "several lines CertificateIssuers"),
    ],
)
def test_certificate_issuers_list__that_is_none__is_a_fault_of_the_settings(
    lines: tuple[str, ...], problem: str, tmp_path: Path
) -> None:
    path = _file_that_says(tmp_path / "mobileclient.tcf", *lines)
    with pytest.raises(ConfigError, match=problem):
        with_issuers(load_config(overrides={"trusted_root_key_file": path}))
