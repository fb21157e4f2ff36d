"""Which client certificate is used: every filter from both sides, then the ranking."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cmclient.errors import InvalidValueError
from cmclient.model.certificates import (
    CertificateCriterion,
    CertificateSelection,
    CertificateWish,
    CriterionKind,
    HeldCertificate,
    KeyState,
)
from cmclient.model.facts import ClientKind
from cmclient.protocol.certificate_criteria import ATTRIBUTE_NAMES, parse_criterion, parse_issuers
from cmclient.rules.certificate_selection import describe_selection, select_certificate
from cmclient.rules.certificates import checks_revocation, find_https_ability, looks_at_subject_only

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
DAY = timedelta(days=1)
CN, OU, ORG, COUNTRY = "2.5.4.3", "2.5.4.11", "2.5.4.10", "2.5.4.6"
CLIENT, SERVER, ANY = "1.3.6.1.5.5.7.3.2", "1.3.6.1.5.5.7.3.1", "2.5.29.37.0"
ROOT = ((CN, "Contoso Root CA"), (ORG, "Contoso, Ltd"))
WISH = CertificateWish(computer="pc1.contoso.test")


def held(name: str = "pc1.contoso.test", *, days: int = 100, **changes: Any) -> HeldCertificate:
    certificate = HeldCertificate(
        where=f"{name}.pem",
        subject=f"CN={name},OU=Computers",
        issuer="CN=Issuing CA",
        attributes=((OU, "Computers"), (CN, name)),
        alternatives=(name, "other.contoso.test"),
        not_before=NOW - 10 * DAY,
        not_after=NOW + (days - 10) * DAY,
        purposes=frozenset({CLIENT}),
        issuers=(((CN, "Issuing CA"),), ROOT),
        key=KeyState.THERE,
    )
    return certificate._replace(**changes)


def choose(*certificates: HeldCertificate, **wish: Any) -> CertificateSelection:
    return select_certificate(certificates, WISH._replace(**wish), NOW)


def rejected_by(certificate: HeldCertificate, **wish: Any) -> str:
    """The rule that rejects a certificate; empty when it fits."""
    selection = choose(certificate, **wish)
    return selection.rejected[0].reasons[-1].rule if selection.rejected else ""


def test_a_fitting_one__is_chosen_with_a_reason_of_every_filter() -> None:
    selection = choose(held())
    assert selection.chosen == held()
    assert [reason.rule for reason in selection.ranked[0].reasons] == ["TR-007", "TR-002", "TR-003", "TR-004", "TR-005"]
    assert selection.why.rule == "TR-006"


def test_none_at_all() -> None:
    selection = choose()
    assert (selection.chosen, selection.why.text) == (None, "there is no certificate")


@pytest.mark.rule("TR-001", "TR-007")
@pytest.mark.parametrize(
    ("issuers", "rule"),
    [
        (None, ""),
        ((ROOT,), ""),
        ((((CN, "Contoso Root CA"),),), ""),
        ((((CN, "Fabrikam Root CA"),), ((ORG, "Contoso, Ltd"),)), ""),
        ((((CN, "contoso root ca"),),), "TR-001"),
        ((((CN, "Issuing CA"),),), "TR-001"),
        ((((CN, "Contoso Root CA"), (COUNTRY, "US")),), "TR-001"),
        ((), "TR-001"),
    ],
    ids=["no list", "same", "one attribute", "one of two", "case", "not the root", "one attribute too many", "empty"],
)
def test_filter_1__the_chain_ends_in_the_issuers_list(issuers: Any, rule: str) -> None:
    assert rejected_by(held(), issuers=issuers) == rule


@pytest.mark.rule("TR-001")
def test_filter_1__a_chain_that_is_not_known_ends_in_nobody() -> None:
    assert rejected_by(held(issuers=()), issuers=(ROOT,)) == "TR-001"


@pytest.mark.rule("TR-008")
def test_issuers_list_without_a_match__ends_the_selection_and_no_later_filter_is_asked() -> None:
    selection = choose(held(), held("pc1", not_after=NOW - DAY), issuers=(((CN, "Fabrikam Root CA"),),))
    assert selection.why.rule == "TR-008"
    assert [[reason.rule for reason in one.reasons] for one in selection.rejected] == [["TR-001"], ["TR-001"]]
    assert choose(held(), issuers=(ROOT,)).why.rule != "TR-008"


@pytest.mark.rule("TR-002")
@pytest.mark.parametrize(
    ("store", "wanted", "rule"), [("MY", "MY", ""), ("My", "MY", ""), ("MY", "CCM", "TR-002"), ("CCM", "ccm", "")]
)
def test_filter_2__the_store(store: str, wanted: str, rule: str) -> None:
    assert rejected_by(held(store=store), store=wanted) == rule


@pytest.mark.rule("TR-003")
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"not_after": NOW}, ""),
        ({"not_after": NOW - timedelta(seconds=1)}, "it expired on 2026-11-21"),
        ({"not_before": NOW}, ""),
        ({"not_before": NOW + timedelta(seconds=1)}, "it is not valid before 2026-11-21"),
        ({"key": KeyState.MISSING}, "its private key is missing"),
        ({"key": KeyState.PROTECTED, "problem": "the key in k is protected"}, "the key in k is protected"),
        ({"not_before": None, "not_after": None, "problem": "x holds no certificate"}, "x holds no certificate"),
    ],
)
def test_filter_3__valid_and_with_its_key(changes: dict[str, Any], words: str) -> None:
    selection = choose(held(**changes))
    if not words:
        assert selection.chosen is not None
        return
    assert selection.chosen is None
    assert selection.why.rule == "TR-003"
    assert words in selection.why.text


@pytest.mark.rule("TR-004")
@pytest.mark.parametrize(
    ("purposes", "rule"),
    [({CLIENT}, ""), ({CLIENT, SERVER}, ""), ({ANY}, ""), (None, ""), ({SERVER}, "TR-004"), ((), "TR-004")],
)
def test_filter_4__client_authentication(purposes: Any, rule: str) -> None:
    assert rejected_by(held(purposes=None if purposes is None else frozenset(purposes))) == rule


@pytest.mark.rule("TR-005")
@pytest.mark.parametrize(
    ("computer", "rule"),
    [
        ("pc1", ""),
        ("PC1", ""),
        ("pc1.fabrikam.test", ""),
        ("c1", ""),
        ("pc2", "TR-005"),
        ("contoso-pc", "TR-005"),
        (None, ""),
    ],
)
def test_filter_5__the_subject_names_this_computer(computer: str | None, rule: str) -> None:
    assert rejected_by(held(), computer=computer) == rule


@pytest.mark.rule("TR-005")
def test_filter_5__of_an_empty_subject_the_alternative_name_counts() -> None:
    bare = held(subject="", attributes=())
    assert rejected_by(bare) == ""
    assert rejected_by(bare, computer="other") == "TR-005", "only the first one"
    assert rejected_by(held("pc2"), computer="pc2") == ""
    assert rejected_by(held("pc2", alternatives=("pc1",))) == "TR-005", "a subject that is there decides"


@pytest.mark.rule("TR-025", "IP-031")
@pytest.mark.parametrize(("checks", "rule"), [(True, "TR-005"), (False, "")])
def test_filter_5__can_be_turned_off(checks: bool, rule: str) -> None:  # noqa: FBT001
    assert rejected_by(held("pc2"), checks_name=checks) == rule


def test_filter_5__a_certificate_that_was_named_by_hand_need_not_name_the_computer() -> None:
    assert rejected_by(held("somebody"), chosen_by_hand=True) == ""
    assert rejected_by(held("somebody", purposes=frozenset({SERVER})), chosen_by_hand=True) == "TR-004"


@pytest.mark.rule("TR-009")
def test_criterion__takes_the_place_of_filters_4_and_5() -> None:
    server = held("pc2", purposes=frozenset({SERVER}))
    fits = choose(server, criterion=parse_criterion("SubjectStr:pc2"))
    assert fits.chosen == server
    assert any("servers may refuse it" in reason.text for reason in fits.ranked[0].reasons)
    assert rejected_by(held(), criterion=parse_criterion("SubjectStr:pc2")) == "TR-010"
    assert rejected_by(held(not_after=NOW - DAY), criterion=parse_criterion("SubjectStr:pc1")) == "TR-003"


@pytest.mark.rule("TR-010", "TR-011", "TR-021")
@pytest.mark.parametrize(
    ("criterion", "fits"),
    [
        ("Subject:pc1.contoso.test", True),
        ("Subject:CN=pc1.contoso.test,OU=Computers", True),
        ("Subject:OU=Computers, CN=pc1.contoso.test", True),
        ("Subject:pc1.contoso", False),
        ("Subject:Computers", False),
        ("SubjectStr:contoso", True),
        ("SubjectStr:CONTOSO", True),
        ("SubjectStr:OU=computers", True),
        ("SubjectStr:fabrikam", False),
        ("Subject:other.contoso.test", False),
        ("SubjectStr:other", False),
    ],
)
def test_criterion__exact_or_partial(criterion: str, fits: bool) -> None:  # noqa: FBT001
    assert (rejected_by(held(), criterion=parse_criterion(criterion)) == "") is fits


@pytest.mark.rule("TR-011")
@pytest.mark.parametrize(
    ("criterion", "in_subject", "fits"),
    [
        ("Subject:PC1.contoso.test", True, False),
        ("Subject:PC1.contoso.test", False, True),
        ("SubjectStr:PC1.CONTOSO", True, True),
        ("SubjectStr:PC1.CONTOSO", False, True),
    ],
)
def test_criterion__case_counts_in_the_subject_of_an_exact_one_alone(
    criterion: str,
    in_subject: bool,  # noqa: FBT001
    fits: bool,  # noqa: FBT001
) -> None:
    one = (
        held(alternatives=())
        if in_subject
        else held("x", subject="", attributes=(), alternatives=("pc1.contoso.test",))
    )
    assert (rejected_by(one, criterion=parse_criterion(criterion)) == "") is fits


@pytest.mark.rule("TR-012")
@pytest.mark.parametrize(
    ("criterion", "fits"),
    [
        ("SubjectAttr:OU=Computers", True),
        ("SubjectAttr:2.5.4.11 = Computers", True),
        ("SubjectAttr:OU=computers", False),
        ("SubjectAttr:OU=Comp", False),
        ("SubjectAttr:CN=Computers", False),
        ("SubjectAttr:SAN=pc1.contoso.test", True),
        ("SubjectAttr:SAN=other.contoso.test", False),
    ],
)
def test_criterion__attribute(criterion: str, fits: bool) -> None:  # noqa: FBT001
    assert (rejected_by(held(), criterion=parse_criterion(criterion)) == "") is fits


@pytest.mark.rule("TR-006", "TR-017")
def test_several__the_longest_validity_and_not_the_latest_end() -> None:
    later = held(days=50)._replace(where="later.pem", not_before=NOW - DAY, not_after=NOW + 95 * DAY)
    longer = held(days=100)
    selection = choose(later, longer)
    assert selection.chosen == longer
    assert [one.certificate for one in selection.ranked] == [longer, later]
    assert (selection.why.rule, "100 days" in selection.why.text) == ("TR-017", True)
    assert choose(longer, later) == selection


@pytest.mark.rule("TR-017", "TR-018")
def test_several__none_where_that_is_configured() -> None:
    selection = choose(held(), held("pc1", days=50), takes_longest=False)
    assert (selection.chosen, selection.why.rule, len(selection.ranked)) == (None, "TR-018", 2)
    able, why = find_https_ability(use_pki_cert=True, certificate=describe_selection(selection))
    assert not able
    assert "2 certificates fit" in why
    assert choose(held(), takes_longest=False).chosen == held(), "one alone is not several"


@pytest.mark.rule("CF-019")
def test_macs_and_mobile_devices__take_the_first_that_fits() -> None:
    short, long = held(days=50), held("pc1", days=100)
    assert choose(held("pc1", not_after=NOW - DAY), short, long, takes_first=True).chosen == short
    assert choose(short, long, takes_first=False).chosen == long


def test_description__says_whose_it_is_and_what_is_wrong() -> None:
    fine = describe_selection(choose(held()))
    assert (fine.subject, fine.problem) == ("CN=pc1.contoso.test,OU=Computers", "")
    assert fine.not_after == "2027-02-19T12:00:00+00:00"
    bad = describe_selection(choose(held(not_after=NOW - DAY)))
    assert bad.subject
    assert bad.problem.startswith("it expired")
    assert describe_selection(choose(held("a"), held("b"))).problem == "none of 2 certificates fits"


# Setup's way to say it


@pytest.mark.rule("TR-010", "IP-032")
@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Subject:a b", CertificateCriterion(CriterionKind.SUBJECT, "a b")),
        ("subject: CN=a, O=b", CertificateCriterion(CriterionKind.SUBJECT, "CN=a, O=b")),
        ("SUBJECTSTR:a", CertificateCriterion(CriterionKind.SUBJECT_PART, "a")),
        ("SubjectAttr:OU = a=b", CertificateCriterion(CriterionKind.ATTRIBUTE, "a=b", OU)),
        ("SubjectAttr:ou=a", CertificateCriterion(CriterionKind.ATTRIBUTE, "a", OU)),
    ],
)
def test_criterion__is_read(text: str, wanted: CertificateCriterion) -> None:
    assert parse_criterion(text) == wanted


@pytest.mark.parametrize(
    "text", ["", "Subject", "Subject:", "Subject: ", "Issuer:a", "SubjectAttr:OU", "SubjectAttr:OU=", "SubjectAttr:=a"]
)
def test_criterion__that_is_none(text: str) -> None:
    with pytest.raises(InvalidValueError):
        parse_criterion(text)


@pytest.mark.rule("TR-013", "TR-014")
def test_criterion__attributes_by_name_and_identifier() -> None:
    assert len(set(ATTRIBUTE_NAMES.values())) == 15
    for name, identifier in ATTRIBUTE_NAMES.items():
        for written in (name, name.lower(), identifier):
            assert parse_criterion(f"SubjectAttr:{written}=x").attribute == identifier
    assert ATTRIBUTE_NAMES["SN"] == "2.5.4.4", "the surname, whatever the pages say"
    for unknown in ("X", "2.5.4.99"):
        with pytest.raises(InvalidValueError, match="attributes are"):
            parse_criterion(f"SubjectAttr:{unknown}=x")


@pytest.mark.rule("TR-016", "IP-030")
@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("CN=Root A", (((CN, "Root A"),),)),
        ("CN=Root A; OU=Servers, C=US", (((CN, "Root A"), (OU, "Servers"), (COUNTRY, "US")),)),
        ("CN=A|CN=B", (((CN, "A"),), ((CN, "B"),))),
        ("cn=Root A", (((CN, "Root A"),),)),
        ("CN=A; O=Contoso, Ltd; C=US", (((CN, "A"), (ORG, "Contoso, Ltd"), (COUNTRY, "US")),)),
        ("1.2.3=x", ((("1.2.3", "x"),),)),
    ],
)
def test_issuers_list__is_read(text: str, wanted: Any) -> None:
    assert parse_issuers(text) == wanted


@pytest.mark.parametrize("text", ["", "Root", "CN=", "CN=A|", "CN=A||CN=B", "=A", "CN=A;" * 2000])
def test_issuers_list__that_is_none(text: str) -> None:
    with pytest.raises(InvalidValueError):
        parse_issuers(text)


# Macs


@pytest.mark.rule("MC-009")
@pytest.mark.parametrize(
    ("criterion", "of_mac", "of_windows"),
    [
        ("Subject:mac7", "", ""),
        ("Subject:CN=mac7,OU=Computers", "", ""),
        ("Subject:MAC7", "MC-009", ""),  # the alternative name, which ignores case
        ("Subject:CN=Mac7,OU=Computers", "MC-009", "TR-010"),
    ],
)
def test_mac__takes_the_certificate_of_its_subject_and_case_counts(
    criterion: str, of_mac: str, of_windows: str
) -> None:
    certificate, wanted = held("mac7"), parse_criterion(criterion)
    assert rejected_by(certificate, criterion=wanted, takes_first=True, subject_only=True) == of_mac
    assert rejected_by(certificate, criterion=wanted) == of_windows


@pytest.mark.rule("MC-013")
@pytest.mark.parametrize(
    "criterion", [None, "Subject:pc1.contoso.test", "SubjectStr:pc1", "SubjectAttr:SAN=pc1.contoso.test"]
)
def test_alternative_name__does_not_help_a_mac(criterion: str | None) -> None:
    empty = held(subject="", attributes=())
    wanted = None if criterion is None else parse_criterion(criterion)
    assert choose(empty, criterion=wanted).chosen == empty
    assert choose(empty, criterion=wanted, subject_only=True).chosen is None


@pytest.mark.rule("MC-013")
def test_alternative_names__do_not_count_for_macs_alone() -> None:
    assert [kind for kind in ClientKind if looks_at_subject_only(kind)] == [ClientKind.MAC]


# Revocation


@pytest.mark.rule("TR-033", "TR-034", "TR-037", "MC-013")
@pytest.mark.parametrize(
    ("kind", "wanted", "checks"),
    [
        (ClientKind.WINDOWS, True, True),
        (ClientKind.WINDOWS, False, False),
        (ClientKind.MAC, True, True),
        (ClientKind.MAC, False, True),
    ],
)
def test_revocation__is_checked_unless_turned_off_and_by_a_mac_always(
    kind: ClientKind,
    wanted: bool,  # noqa: FBT001
    checks: bool,  # noqa: FBT001
) -> None:
    assert checks_revocation(kind, wanted=wanted) is checks
