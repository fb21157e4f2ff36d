"""Strategies for values of the model."""

from typing import Any

from hypothesis import strategies as st

from cmclient.model.decision import Candidate, Origin, Phase, Policy, Purpose, SourceKind
from cmclient.model.endpoints import Audience, Locality, ManagementPoint, Protocols, SiteKind
from cmclient.model.facts import Membership, NetworkFacts, NetworkLocation
from cmclient.model.names import DnsDomain, HostName, SiteCode

DOMAINS = ("corp.test", "partner.test", "outside.test")


def _management_point(**said: Any) -> ManagementPoint:
    return ManagementPoint(**said)


sites = st.sampled_from(("ABC", "XYZ", "SEC")).map(SiteCode)
domains = st.sampled_from(DOMAINS).map(DnsDomain)
hosts = st.builds(
    lambda name, domain: HostName(f"{name}.{domain}"), st.sampled_from("abcdefgh"), st.sampled_from(DOMAINS)
)
ports = st.none() | st.integers(1, 65535)

management_points = st.builds(
    _management_point,
    host=hosts,
    site_code=st.none() | sites,
    site_kind=st.sampled_from(SiteKind),
    parent_site=st.none() | sites,
    protocols=st.sampled_from(Protocols),
    http_port=ports,
    https_port=ports,
    audience=st.sampled_from(Audience),
    locality=st.sampled_from(Locality),
    in_current_group=st.none() | st.booleans(),
    forest=st.none() | domains,
    build=st.none() | st.integers(0, 10_000),
)
candidates = st.builds(
    Candidate,
    mp=management_points,
    origins=st.lists(st.builds(Origin, st.sampled_from(SourceKind), st.just("x")), min_size=1, max_size=2).map(tuple),
)


def _facts(**known: Any) -> NetworkFacts:
    return NetworkFacts(**known)


def _policy(**decided: Any) -> Policy:
    return Policy(**decided)


facts = st.builds(
    _facts,
    membership=st.sampled_from(Membership),
    forest=st.none() | domains,
    trusted_forests=st.lists(domains, unique=True).map(tuple),
    network_location=st.sampled_from(NetworkLocation),
)
policies = st.builds(
    _policy,
    assigned_site=st.none() | sites,
    local_sites=st.lists(sites, unique=True).map(tuple),
    purpose=st.sampled_from(Purpose),
    phase=st.sampled_from(Phase),
    can_use_https=st.booleans(),
    may_use_http=st.booleans(),
    allowed_mps=st.none() | st.lists(hosts, max_size=3).map(tuple),
)
seeds = st.integers(0, 2**63 - 1)
