"""Candidates of several sources made one, with every origin."""

import pytest

from cmclient.model.decision import Candidate, Origin, SourceKind
from cmclient.model.endpoints import ManagementPoint, Protocols
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
    listed = named(SourceKind.MP_LIST, site_code=SiteCode("XYZ"), build=9106)
    (one,) = merge_candidates([listed, directory])
    assert (one.mp.site_code, one.mp.build) == ("ABC", 9106)


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
