"""Intranet, internet or unknown: the table of the module, and what follows for management points."""

import pytest

from cmclient.model.decision import Candidate, Decision, Origin, Policy, SourceKind
from cmclient.model.endpoints import Audience, InternetAddress, ManagementPoint, Protocols, SiteKind
from cmclient.model.facts import ClientKind, DomainController, Membership, NetworkFacts, NetworkLocation
from cmclient.model.names import DnsDomain, HostName, SiteCode
from cmclient.model.network import LocationEvidence
from cmclient.rules.choose import SeededChooser
from cmclient.rules.mplist import find_directory_bar
from cmclient.rules.network import judge_changes, judge_location, weigh_facts
from cmclient.rules.select import select_management_point

INTRANET, INTERNET, UNKNOWN = NetworkLocation.INTRANET, NetworkLocation.INTERNET, NetworkLocation.UNKNOWN
ABC, XYZ = SiteCode("ABC"), SiteCode("XYZ")
DC, MP, CMG = (HostName("dc1.corp.test"),), (HostName("mp1.corp.test"),), (HostName("cmg.example.test"),)
CORP = DnsDomain("corp.test")


@pytest.mark.parametrize(
    ("evidence", "location", "label", "rules"),
    [
        pytest.param(
            {"always_internet": True},
            INTERNET,
            "Always Internet",
            ["NET-003"],
            marks=pytest.mark.rule("NET-003"),
            id="forced",
        ),
        pytest.param(
            {"always_internet": True, "controllers": DC, "intranet_mps": MP},
            INTERNET,
            "Always Internet",
            ["NET-003", "NET-004"],
            marks=pytest.mark.rule("NET-003", "NET-004"),
            id="forced, with everything near",
        ),
        pytest.param(
            {"always_internet": True, "given": INTRANET},
            INTERNET,
            "Always Internet",
            ["NET-003", "NET-004"],
            id="forced, whatever is said",
        ),
        pytest.param(
            {"kind": ClientKind.MAC, "intranet_mps": MP},
            INTERNET,
            "Always Internet",
            ["NET-011"],
            marks=pytest.mark.rule("NET-011"),
            id="a Mac",
        ),
        pytest.param(
            {"kind": ClientKind.LEGACY_MOBILE, "is_set_for_internet": True, "intranet_mps": MP},
            INTERNET,
            "Always Internet",
            ["NET-017"],
            marks=pytest.mark.rule("NET-017"),
            id="a mobile device client with a management point for the internet",
        ),
        pytest.param(
            {"kind": ClientKind.LEGACY_MOBILE, "has_internet_mp": True, "intranet_mps": MP},
            INTRANET,
            "Currently intranet",
            ["NET-001", "NET-007"],
            marks=pytest.mark.rule("NET-017"),
            id="one that only learned of such a management point",
        ),
        pytest.param(
            {"is_set_for_internet": True, "has_internet_mp": True, "intranet_mps": MP},
            INTRANET,
            "Currently intranet",
            ["NET-001", "NET-007"],
            marks=pytest.mark.rule("NET-017"),
            id="a computer with one",
        ),
        pytest.param({"given": INTRANET}, INTRANET, "Currently intranet", ["CF-001"], id="said"),
        pytest.param(
            {"given": INTERNET, "controllers": DC}, INTERNET, "Currently Internet", ["CF-001"], id="said against a DC"
        ),
        pytest.param(
            {"controllers": DC},
            INTRANET,
            "Currently intranet",
            ["NET-001"],
            marks=pytest.mark.rule("NET-001"),
            id="a domain controller alone",
        ),
        pytest.param(
            {"intranet_mps": MP},
            INTRANET,
            "Currently intranet",
            ["NET-001"],
            marks=pytest.mark.rule("NET-001"),
            id="a management point alone",
        ),
        pytest.param(
            {"intranet_mps": MP, "internet_mps": CMG, "has_internet_mp": True},
            INTRANET,
            "Currently intranet",
            ["NET-001", "NET-007"],
            marks=pytest.mark.rule("NET-007"),
            id="both networks: a full intranet client",
        ),
        pytest.param(
            {"internet_mps": CMG, "has_internet_mp": True, "all_asked": True},
            INTERNET,
            "Currently Internet",
            ["NET-008"],
            marks=pytest.mark.rule("NET-008"),
            id="the internet one alone",
        ),
        pytest.param(
            {"all_asked": True},
            INTERNET,
            "Currently Internet",
            ["NET-002"],
            marks=pytest.mark.rule("NET-002"),
            id="neither",
        ),
        pytest.param(
            {"all_asked": True, "dns_answered": True},
            INTERNET,
            "Currently Internet",
            ["NET-002"],
            marks=pytest.mark.rule("NET-002"),
            id="DNS alone proves nothing",
        ),
        pytest.param(
            {"dns_answered": True},
            UNKNOWN,
            "Not known yet",
            ["NET-006"],
            marks=pytest.mark.rule("NET-006"),
            id="not all asked yet",
        ),
        pytest.param({"membership": Membership.WORKGROUP}, UNKNOWN, "Not known yet", ["NET-006"], id="workgroup"),
        pytest.param({"kind": ClientKind.MDM}, UNKNOWN, "Not known yet", ["NET-006"], id="MDM: on the premises"),
    ],
)
def test_location(evidence: dict[str, object], location: NetworkLocation, label: str, rules: list[str]) -> None:
    judged = judge_location(LocationEvidence(**evidence))  # type: ignore[arg-type]
    assert (judged.location, judged.label) == (location, label)
    assert [reason.rule for reason in judged.reasons] == rules


def test_evidence__is_what_facts_say() -> None:
    controller = DomainController(DC[0], "127.0.0.1", CORP, CORP)
    facts = NetworkFacts(domain_controllers=(controller,), client_kind=ClientKind.MDM)
    assert weigh_facts(facts) == LocationEvidence(kind=ClientKind.MDM, controllers=DC)
    assert weigh_facts(facts._replace(network_location=INTERNET)).given is INTERNET


# --- management points -------------------------------------------------------------------------------------------


def judged(mp: ManagementPoint, facts: NetworkFacts) -> Decision:
    candidates = [Candidate(mp, (Origin(SourceKind.MP_LIST),))]
    policy = Policy(assigned_site=ABC, local_sites=(XYZ,), can_use_https=True)
    return select_management_point(candidates, facts, policy, chooser=SeededChooser(1))


def rejected_by(mp: ManagementPoint, facts: NetworkFacts) -> str | None:
    decision = judged(mp, facts)
    return decision.rejected[0].reasons[-1].rule if decision.rejected else None


ON_INTERNET = NetworkFacts(network_location=INTERNET)
INTERNET_ONLY = NetworkFacts(network_location=INTERNET, always_internet=True)
INSIDE = NetworkFacts(network_location=INTRANET)
OPEN = ManagementPoint(CMG[0], ABC, protocols=Protocols.HTTPS, audience=Audience.BOTH)


@pytest.mark.rule("NET-038")
@pytest.mark.parametrize(
    ("audience", "inside", "outside"),
    [
        (Audience.INTRANET, True, False),
        (Audience.INTERNET, False, True),
        (Audience.BOTH, True, True),
        (Audience.UNKNOWN, True, False),
    ],
)
def test_audience__excludes_the_other_side(audience: Audience, inside: bool, outside: bool) -> None:  # noqa: FBT001
    mp = OPEN._replace(audience=audience)
    for facts, usable in ((INSIDE, inside), (NetworkFacts(), inside), (ON_INTERNET, outside)):
        assert bool(judged(mp, facts).ranked) is usable
        assert usable or rejected_by(mp, facts) == "NET-038"


@pytest.mark.rule("NET-009")
def test_internet_only__uses_what_takes_internet_clients__also_on_the_intranet() -> None:
    inside = OPEN._replace(audience=Audience.INTRANET)
    at_home = INTERNET_ONLY._replace(domain_controllers=(DomainController(DC[0], "127.0.0.1", CORP, CORP),))
    assert judge_location(weigh_facts(at_home._replace(network_location=UNKNOWN))).location is INTERNET
    assert not judged(inside, at_home).ranked
    assert judged(OPEN, at_home).ranked
    assert judged(inside, INSIDE).ranked


@pytest.mark.parametrize(
    ("facts", "bar"),
    [
        pytest.param(INTERNET_ONLY, "NET-010", marks=pytest.mark.rule("NET-010"), id="internet-only"),
        pytest.param(ON_INTERNET, "NET-022", marks=pytest.mark.rule("NET-008"), id="dual, on the internet"),
        pytest.param(
            ON_INTERNET._replace(client_kind=ClientKind.MAC), "NET-011", marks=pytest.mark.rule("NET-011"), id="a Mac"
        ),
        pytest.param(
            INSIDE._replace(client_kind=ClientKind.MDM), "NET-011", marks=pytest.mark.rule("NET-011"), id="MDM"
        ),
    ],
)
def test_who_keeps_to_the_assigned_site__uses_none_of_another_primary_or_of_a_secondary_site(
    facts: NetworkFacts, bar: str
) -> None:
    assert rejected_by(OPEN, facts) is None
    assert rejected_by(OPEN._replace(site_code=None), facts) is None, "nobody said whose it is"
    assert rejected_by(OPEN._replace(site_code=XYZ), facts) == bar
    secondary = OPEN._replace(
        site_code=None, site_kind=SiteKind.SECONDARY, parent_site=ABC, in_current_group=True, protocols=Protocols.BOTH
    )
    assert rejected_by(secondary, facts) == bar
    assert rejected_by(secondary, INSIDE) is None, "an intranet client of Windows may"


# --- who may ask the directory -----------------------------------------------------------------------------------


@pytest.mark.rule("CF-003")
@pytest.mark.parametrize(
    ("membership", "may"), [(Membership.DOMAIN, True), (Membership.AZURE_AD, False), (Membership.WORKGROUP, False)]
)
def test_directory__is_for_machines_of_a_domain(membership: Membership, may: bool) -> None:  # noqa: FBT001
    facts = NetworkFacts(membership=membership, domain=CORP)
    assert (find_directory_bar(facts, is_controller_known=True) is None) is may


# --- changes of an installed client ------------------------------------------------------------------------------


@pytest.mark.rule("NET-019")
@pytest.mark.parametrize(
    ("installed", "wanted", "allowed", "needs"),
    [(False, True, True, "restart"), (True, False, False, "reinstall"), (True, True, None, None)],
)
def test_internet_only__can_be_set_and_not_turned_back(
    installed: bool,  # noqa: FBT001
    wanted: bool,  # noqa: FBT001
    allowed: bool | None,  # noqa: FBT001
    needs: str | None,
) -> None:
    changes = judge_changes(installed_always=installed, wanted_always=wanted)
    assert [(one.allowed, one.needs, one.reason.rule) for one in changes] == (
        [] if allowed is None else [(allowed, needs, "NET-019")]
    )


@pytest.mark.rule("NET-020")
@pytest.mark.parametrize(
    ("installed", "wanted", "done"),
    [
        (None, CMG[0], "set"),
        (CMG[0], HostName("other.example.test"), "changed"),
        (CMG[0], None, "cleared"),
        (CMG[0], CMG[0], None),
    ],
)
def test_internet_management_point__can_be_set_changed_and_cleared(
    installed: HostName | None, wanted: HostName | None, done: str | None
) -> None:
    changes = judge_changes(installed_always=False, wanted_always=False, installed_mp=installed, wanted_mp=wanted)
    assert [(one.allowed, one.needs) for one in changes] == ([] if done is None else [(True, "restart")])
    assert done is None or f" is {done}" in changes[0].reason.text


@pytest.mark.rule("NET-017")
def test_evidence__knows_a_configured_management_point_for_the_internet() -> None:
    facts = NetworkFacts(client_kind=ClientKind.LEGACY_MOBILE)
    configured = facts._replace(internet_mp=InternetAddress(CMG[0]))
    assert judge_location(weigh_facts(configured)).location is INTERNET
    assert judge_location(weigh_facts(facts)).location is UNKNOWN
