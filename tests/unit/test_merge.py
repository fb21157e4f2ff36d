"""Candidates of several sources made one, with every origin."""

import pytest

from cmclient.model.decision import Candidate, Origin, SourceKind
from cmclient.model.endpoints import Audience, ManagementPoint, Protocols, SiteKind
from cmclient.model.names import HostName, SiteCode
from cmclient.rules.merge import merge_candidates

HOST = HostName("mp1.corp.test")


def named(source: SourceKind, **fields: object) -> Candidate:
    return Candidate(ManagementPoint(HOST, **fields), (Origin(source, "x"),))  # type: ignore[arg-type]


def test_same_host__one_candidate_with_all_origins_best_first() -> None:
    (one,) = merge_candidates([named(SourceKind.DNS), named(SourceKind.DIRECTORY), named(SourceKind.DNS)])
    assert [origin.source for origin in one.origins] == [SourceKind.DIRECTORY, SourceKind.DNS]


def test_gaps__are_filled_by_the_lesser_source_and_contradictions_are_not() -> None:
    directory = named(SourceKind.DIRECTORY, site_code=SiteCode("ABC"))
    listed = named(SourceKind.MP_LIST, site_code=SiteCode("XYZ"), https_port=8443)
    (one,) = merge_candidates([listed, directory])
    assert (one.mp.site_code, one.mp.https_port) == ("ABC", 8443)


@pytest.mark.rule("ML-009")
@pytest.mark.parametrize(
    ("given", "said", "result"),
    [
        pytest.param(Protocols.HTTPS, Protocols.HTTP, Protocols.HTTPS, id="https:// given: never down"),
        pytest.param(Protocols.HTTP, Protocols.HTTPS, Protocols.HTTPS, id="plain entry: the site knows better"),
        pytest.param(Protocols.HTTP, Protocols.BOTH, Protocols.BOTH, id="plain entry, site takes both"),
        pytest.param(Protocols.HTTP, Protocols.UNKNOWN, Protocols.HTTP, id="plain entry, site silent: accepts HTTP"),
    ],
)
def test_protocols__https_of_the_installation_sticks(given: Protocols, said: Protocols, result: Protocols) -> None:
    (one,) = merge_candidates(
        [named(SourceKind.MP_LIST, protocols=said), named(SourceKind.INSTALLATION, protocols=given)]
    )
    assert one.mp.protocols is result


def test_protocols__the_directory_over_a_list_that_came_by_http() -> None:
    listed = named(SourceKind.MP_LIST, protocols=Protocols.HTTP)
    (one,) = merge_candidates([listed, named(SourceKind.DIRECTORY, protocols=Protocols.HTTPS)])
    assert one.mp.protocols is Protocols.HTTPS


@pytest.mark.rule("AD-020")
@pytest.mark.parametrize(
    ("published", "listed", "result"),
    [
        pytest.param(Protocols.HTTP, Protocols.HTTPS, Protocols.HTTPS, id="the site tightened it since"),
        pytest.param(Protocols.BOTH, Protocols.HTTPS, Protocols.HTTPS, id="tightened from both"),
        pytest.param(Protocols.HTTPS, Protocols.BOTH, Protocols.HTTPS, id="never loosened"),
        pytest.param(Protocols.HTTPS, Protocols.UNKNOWN, Protocols.HTTPS, id="the list does not say"),
    ],
)
def test_protocols__the_sites_list_tightens_what_the_directory_published(
    published: Protocols, listed: Protocols, result: Protocols
) -> None:
    (one,) = merge_candidates(
        [named(SourceKind.DIRECTORY, protocols=published), named(SourceKind.MP_LIST, protocols=listed)]
    )
    assert one.mp.protocols is result


@pytest.mark.rule("AD-020")
def test_version__of_the_sites_list_in_place_of_the_published_one() -> None:
    published = named(SourceKind.DIRECTORY, build=9106)
    assert merge_candidates([published])[0].mp.build == 9106
    assert merge_candidates([published, named(SourceKind.MP_LIST, build=9141)])[0].mp.build == 9141
    assert merge_candidates([published, named(SourceKind.DNS, build=9141)])[0].mp.build == 9106


@pytest.mark.rule("ML-013")
def test_protocols__what_was_stored_counts_only_when_nobody_says_it_anew() -> None:
    stored = named(SourceKind.STORED_LIST, protocols=Protocols.HTTPS, build=9106)
    assert merge_candidates([stored])[0].mp.protocols is Protocols.HTTPS
    (one,) = merge_candidates([stored, named(SourceKind.MP_LIST, protocols=Protocols.HTTP, build=9141)])
    assert (one.mp.protocols, one.mp.build) == (Protocols.HTTP, 9141)


def test_kinds_and_audiences__unknown_is_filled_and_known_is_kept() -> None:
    better = named(SourceKind.DIRECTORY, audience=Audience.INTRANET)
    other = named(SourceKind.DNS, audience=Audience.INTERNET, site_kind=SiteKind.SECONDARY)
    (one,) = merge_candidates([other, better])
    assert (one.mp.audience, one.mp.site_kind) == (Audience.INTRANET, SiteKind.SECONDARY)
