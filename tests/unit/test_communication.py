"""SSL state bits, and when a client may go down from HTTPS to HTTP: each row of the table."""

import pytest

from cmclient.model.decision import Candidate, Evaluation, Origin, Policy, Purpose, SourceKind
from cmclient.model.endpoints import Audience, ManagementPoint, Protocols, Scheme
from cmclient.model.facts import NetworkFacts, NetworkLocation
from cmclient.model.names import HostName, SiteCode
from cmclient.model.sslstate import Communication, communication_of, describe_ssl_state
from cmclient.protocol.mplist import protocols_of_ssl_state
from cmclient.rules.choose import SeededChooser
from cmclient.rules.communication import Identity, Traffic, find_http_bar, find_identity, scheme_under_enhanced
from cmclient.rules.explain import explain
from cmclient.rules.select import select_management_point

ABC = SiteCode("ABC")
PKI = Policy(ABC, purpose=Purpose.LOCATION, can_use_https=True, https_reason="CN=pc1")
FAILED = Policy(ABC, purpose=Purpose.LOCATION, https_reason="of several none is to be taken", pki_failed=True)
NO_PKI = Policy(ABC, purpose=Purpose.LOCATION, https_reason="use_pki_cert is not set")
ONLY = {"may_use_http": False, "http_reason": "site ABC published that it takes HTTPS only", "http_rule": "TR-039"}
INTRANET = NetworkFacts(network_location=NetworkLocation.INTRANET)
INTERNET = NetworkFacts(network_location=NetworkLocation.INTERNET)
ALWAYS = INTERNET._replace(always_internet=True)


def judged(protocols: Protocols, policy: Policy, facts: NetworkFacts, ssl_state: int | None = None) -> Evaluation:
    mp = ManagementPoint(
        HostName("mp1.corp.test"), ABC, protocols=protocols, audience=Audience.BOTH, ssl_state=ssl_state
    )
    candidates = [Candidate(mp, (Origin(SourceKind.MP_LIST, "mp0"),))]
    decision = select_management_point(candidates, facts, policy, chooser=SeededChooser(1))
    (one,) = (*decision.ranked, *decision.rejected)
    return one


def schemes(one: Evaluation) -> list[str]:
    return [endpoint.scheme.value for endpoint in one.endpoints]


@pytest.mark.parametrize(
    ("state", "communication", "protocols"),
    [
        (None, Communication.UNKNOWN, Protocols.UNKNOWN),
        (0, Communication.HTTP, Protocols.HTTP),
        (32, Communication.HTTP, Protocols.HTTP),
        (1, Communication.ENHANCED_HTTP, Protocols.BOTH),
        (33, Communication.ENHANCED_HTTP, Protocols.BOTH),
        (31, Communication.HTTPS, Protocols.HTTPS),
        (63, Communication.HTTPS, Protocols.HTTPS),
        (95, Communication.EITHER, Protocols.BOTH),
        (159, Communication.EITHER, Protocols.BOTH),
        (0xE0, Communication.EITHER, Protocols.BOTH),
        (448, Communication.EITHER, Protocols.BOTH),
    ],
)
def test_ssl_state(state: int | None, communication: Communication, protocols: Protocols) -> None:
    assert (communication_of(state), protocols_of_ssl_state(state)) == (communication, protocols)
    assert ("revocation" in describe_ssl_state(state)) is bool(state and state & 32)


@pytest.mark.parametrize(
    ("protocols", "policy", "facts", "wanted", "rule"),
    [
        pytest.param(
            Protocols.BOTH, PKI, INTRANET, ["https", "http"], "TR-019", marks=pytest.mark.rule("TR-019"), id="either"
        ),
        pytest.param(
            Protocols.BOTH,
            PKI,
            INTERNET,
            ["https"],
            "TR-020",
            marks=pytest.mark.rule("TR-019", "TR-020"),
            id="internet",
        ),
        pytest.param(
            Protocols.BOTH, PKI, ALWAYS, ["https"], "TR-020", marks=pytest.mark.rule("TR-020"), id="internet only"
        ),
        pytest.param(
            Protocols.BOTH,
            PKI._replace(**ONLY),  # type: ignore[arg-type] # names of fields
            INTRANET,
            ["https"],
            "TR-020",
            marks=pytest.mark.rule("TR-020", "TR-039"),
            id="a site for HTTPS only",
        ),
        pytest.param(
            Protocols.BOTH,
            PKI._replace(may_use_http=False, http_reason="allow_http is off", http_rule="MP-003"),
            INTRANET,
            ["https"],
            "TR-020",
            id="the setting",
        ),
        pytest.param(
            Protocols.BOTH, FAILED, INTRANET, ["http"], "TR-019", marks=pytest.mark.rule("TR-019"), id="no certificate"
        ),
        pytest.param(
            Protocols.HTTP, FAILED, INTRANET, ["http"], "TR-019", marks=pytest.mark.rule("TR-019"), id="the same, HTTP"
        ),
        pytest.param(
            Protocols.BOTH, FAILED, INTERNET, [], "TR-020", marks=pytest.mark.rule("TR-020"), id="the same, internet"
        ),
        pytest.param(
            Protocols.BOTH,
            FAILED._replace(**ONLY),  # type: ignore[arg-type]
            INTRANET,
            [],
            "TR-020",
            marks=pytest.mark.rule("TR-020"),
            id="the same, HTTPS only",
        ),
        pytest.param(
            Protocols.BOTH,
            NO_PKI._replace(**ONLY),  # type: ignore[arg-type]
            INTRANET,
            [],
            "TR-039",
            marks=pytest.mark.rule("TR-039"),
            id="HTTPS only, without PKI",
        ),
        pytest.param(Protocols.HTTPS, FAILED, INTRANET, [], "ML-034", id="HTTPS alone, without a certificate"),
    ],
)
def test_going_down(protocols: Protocols, policy: Policy, facts: NetworkFacts, wanted: list[str], rule: str) -> None:
    one = judged(protocols, policy, facts)
    assert schemes(one) == wanted
    assert rule in one.rules


@pytest.mark.parametrize(
    ("protocols", "policy"), [(Protocols.HTTPS, PKI), (Protocols.HTTP, PKI), (Protocols.BOTH, NO_PKI)]
)
def test_going_down__is_not_spoken_of_where_it_is_no_question(protocols: Protocols, policy: Policy) -> None:
    assert not {"TR-019", "TR-020"} & set(judged(protocols, policy, INTRANET).rules)


@pytest.mark.rule("TR-039")
@pytest.mark.parametrize(
    ("allow_http", "site", "rule"),
    [(True, None, None), (False, None, "MP-003"), (True, ABC, "TR-039"), (False, ABC, "TR-039")],
)
def test_http_bar(allow_http: bool, site: SiteCode | None, rule: str | None) -> None:  # noqa: FBT001
    bar = find_http_bar(allow_http=allow_http, https_only_site=site)
    assert (bar and bar.rule) == rule


@pytest.mark.parametrize(
    ("policy", "identity", "rule"),
    [
        pytest.param(PKI, Identity.PKI, "TR-040", marks=pytest.mark.rule("TR-040")),
        pytest.param(NO_PKI, Identity.SELF_SIGNED, "TR-040", marks=pytest.mark.rule("TR-040")),
        pytest.param(FAILED, Identity.SELF_SIGNED, "TR-040", marks=pytest.mark.rule("TR-040")),
        pytest.param(PKI._replace(**ONLY), Identity.PKI, "TR-039", marks=pytest.mark.rule("TR-039")),  # type: ignore[arg-type]
        pytest.param(NO_PKI._replace(**ONLY), Identity.NONE, "TR-039", marks=pytest.mark.rule("TR-039", "TR-040")),  # type: ignore[arg-type]
    ],
)
def test_identity(policy: Policy, identity: Identity, rule: str) -> None:
    found, why = find_identity(policy)
    assert (found, why.rule) == (identity, rule)
    decision = select_management_point([], INTRANET, policy, chooser=SeededChooser(1))
    assert f"identity: {identity.value} ({rule}" in explain(decision)


@pytest.mark.parametrize(
    ("traffic", "scheme", "rule"),
    [
        pytest.param(Traffic.CONTENT, Scheme.HTTPS, "TR-077", marks=pytest.mark.rule("TR-077")),
        pytest.param(Traffic.TOKEN, Scheme.HTTPS, "TR-077", marks=pytest.mark.rule("TR-077")),
        pytest.param(Traffic.ENTRA, Scheme.HTTPS, "TR-077", marks=pytest.mark.rule("TR-077")),
        pytest.param(Traffic.LOCATION, Scheme.HTTP, "TR-077", marks=pytest.mark.rule("TR-077")),
        pytest.param(Traffic.STATE_MIGRATION, Scheme.HTTP, "TR-075", marks=pytest.mark.rule("TR-075")),
        pytest.param(Traffic.PEER_CONTENT, Scheme.HTTP, "TR-075", marks=pytest.mark.rule("TR-075")),
        pytest.param(Traffic.REMOTE_TOOLS, Scheme.HTTP, "TR-075", marks=pytest.mark.rule("TR-075")),
        pytest.param(Traffic.REPORTING, Scheme.HTTP, "TR-075", marks=pytest.mark.rule("TR-075")),
    ],
)
def test_enhanced_http(traffic: Traffic, scheme: Scheme, rule: str) -> None:
    found, why = scheme_under_enhanced(traffic)
    assert (found, why.rule) == (scheme, rule)


@pytest.mark.rule("TR-077")
@pytest.mark.parametrize(("state", "spoken"), [(1, True), (0, False)])
def test_enhanced_http__a_client_without_pki_locates_over_http(state: int, spoken: bool) -> None:  # noqa: FBT001
    one = judged(protocols_of_ssl_state(state), NO_PKI, INTRANET, state)
    assert schemes(one) == ["http"]
    assert ("TR-077" in one.rules) is spoken
