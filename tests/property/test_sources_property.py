"""Whatever a site says of sources: each record is ranked or rejected, with reasons, and the order is one."""

from hypothesis import given
from hypothesis import strategies as st

from cmclient.model.content import (
    ContentId,
    ContentKind,
    ContentLocations,
    ContentReference,
    ContentSite,
    ContentUrl,
    LocationRecord,
)
from cmclient.model.decision import Reason
from cmclient.model.endpoints import Endpoint, Scheme
from cmclient.model.facts import Membership, NetworkFacts, NetworkLocation
from cmclient.model.messages import MpSite, SiteLocality
from cmclient.model.names import HostName
from cmclient.model.sources import DeploymentOptions, SourceOrder, SourceTier
from cmclient.rules.choose import SeededChooser
from cmclient.rules.pools import PoolEntry
from cmclient.rules.source_client import SourceClient
from cmclient.rules.sources import plan_sources

hosts = st.sampled_from([HostName(f"dp{number}.a.test") for number in range(6)])
paths = st.sampled_from(["/SMS_DP_SMSPKG$/x", "/NOCERT_SMS_DP_SMSPKG$/x", "/CCMTOKENAUTH_SMS_DP_SMSPKG$/x", "/y", ""])
urls = st.builds(
    ContentUrl,
    st.builds(Endpoint, st.sampled_from(Scheme), hosts, st.just(8000), st.none()),
    paths,
    st.just(""),
    st.just(""),
)
words = st.sampled_from(["", "LOCAL", "subnet", "SUBNETPEER", "ADSITE", "REMOTE", "FALLBACK", "PEER", "CLOUD", "?"])
records = st.builds(
    LocationRecord,
    urls=st.lists(urls, max_size=3).map(tuple),
    smb_path=st.sampled_from(["", r"\\\\dp\\x"]),
    server=st.none() | hosts,
    locality=words,
    dp_type=st.sampled_from(["", "SERVER", "AZURE"]),
    auth_method=st.none() | st.just(1024),
    ad_site=st.none(),
    ip_subnets=st.just(()),
    metric=st.just(""),
    build=st.none(),
    ssl_state=st.none(),
    capabilities=st.just(()),
    forest_trusted=st.none(),
)
sites = st.builds(
    ContentSite,
    st.sampled_from(SiteLocality).map(lambda near: MpSite(locality=near)),
    st.lists(records, max_size=5).map(tuple),
)
clients = st.builds(
    SourceClient,
    facts=st.tuples(hosts, st.sampled_from(Membership), st.sampled_from(NetworkLocation)).map(
        lambda one: NetworkFacts(host=one[0], membership=one[1], network_location=one[2])
    ),
    order=st.sampled_from([SourceOrder.CLIENT, SourceOrder.TASK_SEQUENCE]),
    deployment=st.builds(DeploymentOptions, st.booleans(), st.booleans(), st.booleans(), st.booleans()),
    has_account=st.booleans(),
    takes_tokens=st.booleans(),
    may_use_http=st.booleans(),
    may_use_smb=st.booleans(),
    may_use_cloud=st.booleans(),
    is_internet_based=st.booleans(),
    prefer_dps_over_peers=st.booleans(),
    prefer_cloud=st.booleans(),
    default_group_minutes=st.none() | st.integers(0, 200),
    assigned_site=st.none(),
)
pools = st.dictionaries(hosts, st.integers(0, 200), max_size=4)


@given(st.lists(sites, max_size=4), clients, pools, st.sampled_from(ContentKind))
def test_plan__judges_every_record_once(
    said: list[ContentSite], client: SourceClient, minutes: dict[HostName, int], kind: ContentKind
) -> None:
    pool = [PoolEntry(minute, host, "g", Reason("BG-020", "x")) for host, minute in minutes.items()]
    content = ContentReference(ContentId("X"), kind=kind)
    plan = plan_sources(content, ContentLocations(tuple(said)), client, chooser=SeededChooser(1), pool=pool)
    named = [one for one in plan.ranked if one.source.tier is not SourceTier.WINDOWS_UPDATE]
    assert len(named) + len(plan.rejected) == sum(len(site.records) for site in said)
    assert all(one.reasons for one in (*plan.ranked, *plan.rejected))
    assert [one.opens_after for one in plan.ranked] == sorted(one.opens_after for one in plan.ranked)
    addresses = [address for one in named for address in one.source.addresses]
    assert len(addresses) == len(set(addresses)), "each address once"
    assert all(one.source.addresses for one in named)
    if client.on_internet:
        assert all(way.endpoint is not None and way.endpoint.scheme is Scheme.HTTPS for way in addresses)
