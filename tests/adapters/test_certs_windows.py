"""The certificate stores of a Windows machine, from recorded values."""

import sys
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import pytest
from adapters.zoo import CLIENT, SERVER, Held, ZooAuthority
from cryptography.hazmat.primitives.serialization import Encoding

from cmclient.adapters.certs_windows import StoredCertificate, Win32Stores, WindowsCertificates
from cmclient.assemble_trust import select_own_certificate
from cmclient.config import load_config
from cmclient.errors import FactsError
from cmclient.model.certificates import KeyState
from cmclient.ports import CertificateStore

ROOT = ZooAuthority("Contoso Root CA")
BETWEEN = ROOT.below("Contoso Issuing CA")
OURS = BETWEEN.issue("pc1.contoso.test", purposes=(CLIENT,))
LONGER = BETWEEN.issue("pc1.contoso.test", purposes=(CLIENT,), ends=100)
WEB = BETWEEN.issue("pc1.contoso.test", purposes=(SERVER,), ends=100)


def stored(held: Held | ZooAuthority, *, has_key: bool = True) -> StoredCertificate:
    return StoredCertificate(held.certificate.public_bytes(Encoding.DER), has_key)


class Recorded(NamedTuple):
    """A machine as it was recorded; what is not there is no store."""

    stores: Mapping[str, Sequence[StoredCertificate]]

    def read(self, store: str) -> Sequence[StoredCertificate] | None:
        return self.stores.get(store.upper())


AUTHORITIES = {"ROOT": [stored(ROOT, has_key=False)], "CA": [StoredCertificate(b"\x30\x00"), stored(BETWEEN)]}


def machine(*personal: StoredCertificate) -> CertificateStore:
    return WindowsCertificates(Recorded({"MY": personal, **AUTHORITIES}))


def test_a_certificate_with_a_key_and_its_chain() -> None:
    (held,) = machine(stored(OURS)).read("MY")
    assert (held.subject, held.store, held.key, held.problem) == ("CN=pc1.contoso.test", "MY", KeyState.THERE, "")
    assert [dict(one)["2.5.4.3"] for one in held.issuers] == ["Contoso Issuing CA", "Contoso Root CA"]
    assert held.where == "Windows store MY, number 1"


def test_one_without_a_key__one_that_is_malformed__a_store_that_is_not_there() -> None:
    keyless, broken = machine(
        stored(OURS, has_key=False), StoredCertificate(b"\x30\x03\x02\x01\x07", has_key=True)
    ).read("MY")
    assert (keyless.key, keyless.problem) == (KeyState.MISSING, "Windows has no private key for it")
    assert "malformed" in broken.problem
    assert machine().read("NOBODY") == ()


@pytest.mark.rule("TR-002")
@pytest.mark.parametrize(("wanted", "found"), [("MY", True), ("my", True), ("CCM", False)])
def test_selection__looks_into_the_store_that_is_set(wanted: str, found: bool) -> None:  # noqa: FBT001
    config = load_config(overrides={"use_pki_cert": True, "certificate_store": wanted})
    own = select_own_certificate(config, computer="pc1.contoso.test", store=machine(stored(OURS)))
    assert (own.selection.chosen is not None) is found


@pytest.mark.rule("TR-006", "TR-004")
def test_selection__is_by_the_same_rules_as_of_files() -> None:
    config = load_config(overrides={"use_pki_cert": True})
    store = machine(stored(OURS), stored(WEB), stored(LONGER), stored(LONGER, has_key=False))
    own = select_own_certificate(config, computer="pc1.contoso.test", store=store)
    assert own.selection.chosen is not None
    assert own.selection.chosen.where == "Windows store MY, number 3"
    assert sorted(one.reasons[-1].rule for one in own.selection.rejected) == ["TR-003", "TR-004"]


@pytest.mark.rule("MC-009", "MC-013")
@pytest.mark.parametrize(
    ("kind", "subject", "found"),
    [
        ("windows", "PC1.contoso.test", True),  # the alternative name, which ignores case
        ("mac", "PC1.contoso.test", False),
        ("mac", "pc1.contoso.test", True),
    ],
)
def test_selection__of_a_mac_is_by_the_subject_alone(kind: str, subject: str, found: bool) -> None:  # noqa: FBT001
    config = load_config(
        overrides={"use_pki_cert": True, "client_kind": kind, "certificate_criterion": f"Subject:{subject}"}
    )
    own = select_own_certificate(config, computer="pc1.contoso.test", store=machine(stored(OURS)))
    assert (own.selection.chosen is not None) is found


def test_a_key_that_stays_in_windows__is_out_of_reach_and_that_is_said() -> None:
    config = load_config(overrides={"use_pki_cert": True})
    own = select_own_certificate(config, computer="pc1.contoso.test", store=machine(stored(OURS)))
    assert own.identity is None
    assert own.described.subject == "CN=pc1.contoso.test"
    assert "PKCS#12" in own.described.problem


@pytest.mark.skipif(sys.platform == "win32", reason="there is a store")
def test_elsewhere_there_is_none() -> None:
    with pytest.raises(FactsError):
        Win32Stores()
    own = select_own_certificate(load_config(overrides={"use_pki_cert": True}), computer="pc1")
    assert own.selection.chosen is None
    assert own.selection.rejected == ()
