"""What a Unix machine says of itself, from files below a folder of the test."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cmclient.adapters.facts import system_facts
from cmclient.adapters.facts_posix import PosixFacts
from cmclient.errors import FactsError
from cmclient.model.facts import Adapter, InterfaceAddress, Membership, NetworkFacts

Read = Callable[..., NetworkFacts]
ETH0 = Adapter("eth0", "eth0", addresses=(InterfaceAddress("10.0.0.5", 24),))


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Write files, then read the facts."""

    def read_facts(files: dict[str, str] | None = None, host: str = "pc1") -> NetworkFacts:
        for name, text in (files or {}).items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode("utf-8", "surrogateescape"))
        return PosixFacts(tmp_path, adapters=lambda: (ETH0,), host_name=lambda: host).read()

    return read_facts


SAMBA = "[global]\n  workgroup = CORP\n  security = ADS\n  realm = CORP.EXAMPLE.COM\n"
SSSD = (
    "[sssd]\ndomains = corp.example.com\n\n[domain/corp.example.com]\nid_provider = ad\nad_domain = corp.example.com\n"
)
KERBEROS = "[libdefaults]\n default_realm = CORP.EXAMPLE.COM\n[realms]\n CORP.EXAMPLE.COM = {\n  kdc = dc1\n }\n"


def domain_of(facts: NetworkFacts) -> tuple[Membership, str | None]:
    return facts.membership, facts.domain


def test_a_machine_without_any_of_the_files_is_in_a_workgroup(read: Read) -> None:
    facts = read()
    assert domain_of(facts) == (Membership.WORKGROUP, None)
    assert facts.origins["membership"] == "no domain configuration found"
    assert facts.adapters == (ETH0,)
    assert set(facts.origins) == {"host", "membership", "adapters"}


def test_samba_says_that_it_is_a_member(read: Read) -> None:
    facts = read({"etc/samba/smb.conf": SAMBA})
    assert domain_of(facts) == (Membership.DOMAIN, "corp.example.com")
    assert facts.origins["membership"] == "/etc/samba/smb.conf"
    assert facts.origins["domain"] == "/etc/samba/smb.conf (realm)"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[global]\nsecurity = user\nrealm = CORP.EXAMPLE.COM\n", Membership.UNKNOWN),
        ("[global]\nsecurity = user\n", Membership.WORKGROUP),
        ("[global]\n# security = ads\n; security = ads\n", Membership.WORKGROUP),
        ("[share]\nsecurity = ads\n", Membership.WORKGROUP),
        ("[global]\nsecurity = user\nSecurity=ads\nrealm=CORP.EXAMPLE.COM", Membership.DOMAIN),
        ("[global]\nserver  role = member server\nrealm = CORP.EXAMPLE.COM\n", Membership.DOMAIN),
        ("[global]\nserver role = member server\n", Membership.WORKGROUP),
    ],
)
def test_what_samba_has_to_say_to_be_a_member(read: Read, text: str, expected: Membership) -> None:
    assert read({"etc/samba/smb.conf": text}).membership is expected


def test_a_samba_member_without_a_usable_realm_has_no_known_domain(read: Read) -> None:
    facts = read({"etc/samba/smb.conf": "[global]\nsecurity = ads\nrealm = not a realm\n"})
    assert domain_of(facts) == (Membership.DOMAIN, None)
    assert "domain" not in facts.origins


def test_sssd_says_that_it_serves_the_domain(read: Read) -> None:
    facts = read({"etc/sssd/sssd.conf": SSSD})
    assert domain_of(facts) == (Membership.DOMAIN, "corp.example.com")
    assert facts.origins["domain"] == "/etc/sssd/sssd.conf (ad_domain)"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[domain/a.example]\nid_provider = ad\n", (Membership.DOMAIN, "a.example")),
        ("[domain/A]\nid_provider=AD\nad_domain=a.example", (Membership.DOMAIN, "a.example")),
        ("[domain/a.example]\nid_provider = ldap\n", (Membership.WORKGROUP, None)),
        (
            (
                "[sssd]\ndomains = b.example, c.example\n[domain/a.example]\nid_provider = ad\n"
                "[domain/b.example]\nid_provider = ldap\n[domain/c.example]\nid_provider = ad\n"
            ),
            (Membership.DOMAIN, "c.example"),
        ),
    ],
)
def test_what_sssd_has_to_say(read: Read, text: str, expected: tuple[Membership, str | None]) -> None:
    assert domain_of(read({"etc/sssd/sssd.conf": text})) == expected


def test_when_samba_and_sssd_differ_the_origin_says_so(read: Read) -> None:
    facts = read({"etc/samba/smb.conf": SAMBA, "etc/sssd/sssd.conf": SSSD.replace("corp", "lab")})
    assert facts.domain == "corp.example.com"
    assert facts.origins["membership"] == "/etc/samba/smb.conf and /etc/sssd/sssd.conf"
    assert facts.origins["domain"] == "/etc/samba/smb.conf (realm); /etc/sssd/sssd.conf says lab.example.com"


def test_a_kerberos_realm_alone_is_a_hint(read: Read) -> None:
    facts = read({"etc/krb5.conf": KERBEROS})
    assert domain_of(facts) == (Membership.UNKNOWN, "corp.example.com")
    assert facts.origins["domain"] == "/etc/krb5.conf (default_realm), only a hint"


def test_a_realm_and_a_keytab_mean_joined(read: Read) -> None:
    facts = read({"etc/krb5.conf": KERBEROS, "etc/krb5.keytab": ""})
    assert domain_of(facts) == (Membership.DOMAIN, "corp.example.com")
    assert facts.origins["membership"] == "/etc/krb5.keytab exists and there is a realm"


def test_a_keytab_without_a_realm_means_nothing(read: Read) -> None:
    assert read({"etc/krb5.keytab": ""}).membership is Membership.WORKGROUP


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("[libdefaults]\ndefault_realm = A.EXAMPLE\ndefault_realm = B.EXAMPLE\n", "a.example"),
        ("[libdefaults]\nx = {\n default_realm = B.EXAMPLE\n}\ndefault_realm = A.EXAMPLE\n", "a.example"),
        ("[realms]\ndefault_realm = B.EXAMPLE\n", None),
        ("include /etc/other\n[libdefaults]\n#default_realm = A.EXAMPLE\n", None),
    ],
)
def test_where_the_realm_stands(read: Read, text: str, domain: str | None) -> None:
    assert read({"etc/krb5.conf": text}).domain == domain


def test_on_macos_no_sign_of_a_domain_means_unknown(read: Read) -> None:
    facts = read({"System/Library/CoreServices/SystemVersion.plist": "<plist/>"})
    assert domain_of(facts) == (Membership.UNKNOWN, None)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_locked_file_leaves_the_fact_unknown(read: Read, tmp_path: Path) -> None:
    read({"etc/sssd/sssd.conf": SSSD})
    (tmp_path / "etc/sssd/sssd.conf").chmod(0)
    facts = read()
    assert domain_of(facts) == (Membership.UNKNOWN, None)
    assert facts.origins["membership"] == "/etc/sssd/sssd.conf cannot be read (Permission denied)"


def test_a_file_that_cannot_be_reached_leaves_the_fact_unknown(read: Read, tmp_path: Path) -> None:
    """As a locked file does, and for root as well: a link that leads to itself."""
    (tmp_path / "etc/sssd").mkdir(parents=True)
    (tmp_path / "etc/sssd/sssd.conf").symlink_to("sssd.conf")
    (tmp_path / "etc/resolv.conf").symlink_to("resolv.conf")
    facts = read()
    assert domain_of(facts) == (Membership.UNKNOWN, None)
    assert facts.origins["membership"].startswith("/etc/sssd/sssd.conf cannot be read (")
    assert facts.dns_suffixes == ()
    assert facts.origins["dns_suffixes"].startswith("/etc/resolv.conf cannot be read (")


def test_a_locked_file_is_no_matter_when_another_one_says_it(read: Read, tmp_path: Path) -> None:
    (tmp_path / "etc/sssd").mkdir(parents=True)
    (tmp_path / "etc/sssd/sssd.conf").symlink_to("sssd.conf")
    assert read({"etc/samba/smb.conf": SAMBA}).membership is Membership.DOMAIN


def test_a_pipe_in_place_of_a_file_does_not_block(read: Read, tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    os.mkfifo(tmp_path / "etc/krb5.conf")
    assert read().membership is Membership.WORKGROUP


def test_a_file_is_read_up_to_its_first_mebibyte(read: Read) -> None:
    padding = "#" * (1024 * 1024 - len(SAMBA) - 1) + "\n"
    assert read({"etc/samba/smb.conf": padding + SAMBA}).membership is Membership.DOMAIN
    assert read({"etc/samba/smb.conf": "#" + padding + SAMBA[:-1] + "x\n"}).domain == "corp.example.com"
    assert read({"etc/samba/smb.conf": "##" * len(SAMBA) + padding + SAMBA}).membership is Membership.WORKGROUP


@pytest.mark.parametrize(
    ("host", "files", "name", "origin"),
    [
        ("PC1.example.com", {}, "pc1.example.com", "host name"),
        ("pc1", {}, "pc1", "host name, not fully qualified"),
        ("pc1", {"etc/hostname": "pc1.example.com\n"}, "pc1.example.com", "/etc/hostname"),
        ("pc1", {"etc/hostname": "other.example.com\n"}, "pc1", "host name, not fully qualified"),
        ("pc1", {"etc/hosts": "127.0.1.1 PC1.example.com pc1 # me\n"}, "pc1.example.com", "/etc/hosts"),
        (
            "pc1",
            {"etc/hosts": "# 127.0.1.1 pc1.example.com\n10.0.0.1 pc10.example.com\n"},
            "pc1",
            "host name, not fully",
        ),
        ("", {"etc/hostname": "pc2\n"}, "pc2", "/etc/hostname, not fully qualified"),
        ("localhost", {"etc/hostname": "pc2.example.com\n"}, "pc2.example.com", "/etc/hostname"),
        ("localhost.localdomain", {}, None, ""),
        ("", {"etc/hosts": "127.0.0.1 .x\n"}, None, ""),
        ("no name", {}, None, ""),
    ],
)
def test_the_host_name_is_qualified_where_a_file_knows_how(
    read: Read, host: str, files: dict[str, str], name: str | None, origin: str
) -> None:
    facts = read(files, host=host)
    assert facts.host == name
    assert facts.origins.get("host", "").startswith(origin)
    assert ("host" in facts.origins) is (name is not None)


def test_a_host_name_that_cannot_be_asked_for_is_unknown(tmp_path: Path) -> None:
    def refuse() -> str:
        raise OSError(1, "no")

    assert PosixFacts(tmp_path, adapters=tuple, host_name=refuse).read().host is None


@pytest.mark.parametrize(
    ("text", "suffixes", "origin"),
    [
        ("nameserver 10.0.0.1\nsearch a.example B.example. a.example\n", ["a.example", "b.example"], "search"),
        ("domain a.example\n", ["a.example"], "domain"),
        ("domain a.example b.example\n", ["a.example"], "domain"),
        ("search a.example\ndomain b.example\n", ["b.example"], "domain"),
        ("domain b.example\nsearch a.example # c.example\n", ["a.example"], "search"),
        ("search . a..b a.example\n", ["a.example"], "search"),
        ("search .\n", [], None),
        ("# search a.example\n; search b.example\nsearch\n", [], None),
    ],
)
def test_suffixes_of_the_resolver(read: Read, text: str, suffixes: list[str], origin: str | None) -> None:
    facts = read({"etc/resolv.conf": text})
    assert list(facts.dns_suffixes) == suffixes
    assert facts.origins.get("dns_suffixes") == (f"/etc/resolv.conf ({origin})" if origin else None)


def test_connections_that_cannot_be_read_are_an_error(tmp_path: Path) -> None:
    def refuse() -> tuple[Adapter, ...]:
        raise FactsError("no")

    with pytest.raises(FactsError):
        PosixFacts(tmp_path, adapters=refuse).read()


NAMES = ("hostname", "hosts", "resolv.conf", "krb5.conf", "samba/smb.conf", "sssd/sssd.conf")
PIECES = st.sampled_from(
    [b"[global]\n", b"[domain/", b"]", b"realm = ", b"{", b"}\n", b"search ", b"\\\n", b"\0", b"\xff", b"\n"]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(NAMES), st.lists(PIECES | st.binary(max_size=20), max_size=20).map(b"".join))
def test_garbage_in_a_file_is_survived(tmp_path: Path, name: str, garbage: bytes) -> None:
    path = tmp_path / "etc" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(garbage)
    facts = PosixFacts(tmp_path, adapters=tuple, host_name=lambda: "pc1").read()
    assert facts.membership in Membership
    assert all(isinstance(origin, str) for origin in facts.origins.values())


def test_this_machine_can_be_read() -> None:
    assert system_facts().read().adapters


@pytest.mark.rule("CF-007")
def test_linux_tells_the_kind_of_a_connection_and_whether_it_has_a_mac_address(tmp_path: Path) -> None:
    for name, kind, address in (("eth0", "1", "02:fc:00:00:00:01"), ("tun0", "65534", ""), ("odd0", "9999", "00:00")):
        folder = tmp_path / "sys" / "class" / "net" / name
        folder.mkdir(parents=True)
        (folder / "type").write_text(f"{kind}\n")
        (folder / "address").write_text(f"{address}\n")
    (tmp_path / "sys" / "class" / "net" / "wlan0" / "wireless").mkdir(parents=True)
    (tmp_path / "sys" / "class" / "net" / "wlan0" / "type").write_text("1\n")
    names = ("eth0", "tun0", "odd0", "wlan0", "gone0")
    source = PosixFacts(tmp_path, adapters=lambda: tuple(map(Adapter, names)), host_name=lambda: "pc1")
    told = {one.name: (one.if_type, one.has_hardware_address) for one in source.read().adapters}
    assert told == {
        "eth0": (6, True),
        "tun0": (131, None),
        "odd0": (None, False),
        "wlan0": (71, None),
        "gone0": (None, None),
    }
    addresses = {one.name: one.hardware_address for one in source.read().adapters}
    assert addresses == {"eth0": "02:FC:00:00:00:01", "tun0": None, "odd0": None, "wlan0": None, "gone0": None}
