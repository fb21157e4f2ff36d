"""Profiles: whose rules decide. A profile is a value that holds the rules; the code that follows them is one."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import NamedTuple

from ..model.decision import Candidate, Category, Discovered, Evaluation, Policy, Reason, SourceKind
from ..model.directory import PublishedSite
from ..model.endpoints import Endpoint, ManagementPoint, Scheme
from ..model.facts import NetworkFacts
from ..model.legacy import ProfileName
from ..model.rule import decides
from .communication import find_step
from .deprecations import find_kind_deprecation, find_site_deprecation
from .eligibility import REQUIREMENTS, Requirement, find_affinity_fault, find_endpoints, find_purpose_fault
from .mplist import Stage, stages_of
from .order import Position, TieRule, find_category, find_position

__all__ = ["Profile", "SelectionRules", "SourceRules", "profile_of"]

_Judged = Sequence[Evaluation]


class SelectionRules(NamedTuple):
    """How management points are judged; the parts are asked in this order.

    Attributes:
        requirements: What one must be to be used at all.
        find_category: Its category; None rejects it.
        find_purpose_fault: Why one of that category does not serve the purpose.
        find_endpoints: How it would be talked to; no endpoint rejects it.
        find_step: Whether it may be gone down to HTTP on it, and why; None where that is no question.
        find_limit: Why the client's own settings leave it out.
        find_position: Where it stands among those that may be used.
        draws: Whether chance orders those that stand equal.
        conclude: Looks at all that were judged together.
        describe: What a person should know besides.
    """

    requirements: tuple[Requirement, ...]
    find_category: Callable[[ManagementPoint, Policy], tuple[Category | None, Reason]]
    find_purpose_fault: Callable[[ManagementPoint, Category, Policy], Reason | None]
    find_endpoints: Callable[[ManagementPoint, NetworkFacts, Policy], tuple[tuple[Endpoint, ...], Reason]]
    find_step: Callable[[ManagementPoint, tuple[Endpoint, ...], NetworkFacts, Policy], Reason | None]
    find_limit: Callable[[ManagementPoint, NetworkFacts, Policy], Reason | None]
    find_position: Callable[[Candidate, Category, Scheme, NetworkFacts, Policy, TieRule], Position]
    draws: bool
    conclude: Callable[[_Judged, NetworkFacts, Policy], _Judged]
    describe: Callable[[_Judged, NetworkFacts, Policy], tuple[str, ...]]


class SourceRules(NamedTuple):
    """Where management points are looked for.

    Attributes:
        stages: The stages, by whether a list is stored (``has_stored_list``), whether to ask nobody (``offline``) and
            whether there is somebody who can ask WINS (``asks_wins``).
        after_failure: The rule by which a source is asked after those found before were tried in vain.
        find_bar: Why a source may not be asked, beside what forbids it under every profile.
        finds_locator_point: Whether the directory is asked for a server locator point as well.
        read_directory: What the directory's management points are, seen together with the sites.
        read_dns: What the records of a site in DNS, or in WINS, are, seen together.
    """

    stages: Callable[..., tuple[Stage, ...]]
    after_failure: str
    find_bar: Callable[[SourceKind, NetworkFacts, Policy], Reason | None]
    finds_locator_point: bool
    read_directory: Callable[[Discovered, Sequence[PublishedSite]], Discovered]
    read_dns: Callable[[Discovered], Discovered]


class Profile(NamedTuple):
    """The rules of one product."""

    selection: SelectionRules
    sources: SourceRules


@decides("WL-011")
def _describe(judged: _Judged, facts: NetworkFacts, policy: Policy) -> tuple[str, ...]:
    """What is deprecated: a person is told, and nothing else changes."""
    found = (find_kind_deprecation(facts.client_kind), find_site_deprecation(judged, policy.assigned_site))
    return tuple(f"{reason.text} ({reason.rule})" for reason in found if reason is not None)


_CURRENT = Profile(
    SelectionRules(
        requirements=REQUIREMENTS,
        find_category=find_category,
        find_purpose_fault=find_purpose_fault,
        find_endpoints=find_endpoints,
        find_step=find_step,
        find_limit=find_affinity_fault,
        find_position=find_position,
        draws=True,
        conclude=lambda judged, _facts, _policy: judged,
        describe=_describe,
    ),
    SourceRules(
        stages=stages_of,
        after_failure="ML-011",
        find_bar=lambda _source, _facts, _policy: None,
        finds_locator_point=False,
        read_directory=lambda discovered, _sites: discovered,
        read_dns=lambda discovered: discovered,
    ),
)


@cache
def _legacy() -> Profile:
    """The rules of CM 2007; hardly anybody needs them, so they are loaded by those who do."""
    from .legacy_select import (
        LEGACY_REQUIREMENTS,
        conclude_legacy,
        describe_legacy,
        find_legacy_category,
        find_legacy_endpoints,
        find_legacy_position,
    )
    from .legacy_sources import find_legacy_bar, legacy_stages, read_legacy_directory, read_legacy_dns

    return Profile(
        SelectionRules(
            requirements=LEGACY_REQUIREMENTS,
            find_category=find_legacy_category,
            find_purpose_fault=find_purpose_fault,
            find_endpoints=find_legacy_endpoints,
            find_step=lambda _mp, _endpoints, _facts, _policy: None,  # a mode of the site, not a step
            find_limit=lambda _mp, _facts, _policy: None,  # there was no affinity yet
            find_position=find_legacy_position,
            draws=False,
            conclude=conclude_legacy,
            describe=describe_legacy,
        ),
        SourceRules(
            stages=legacy_stages,
            after_failure="L7-033",
            find_bar=find_legacy_bar,
            finds_locator_point=True,
            read_directory=read_legacy_directory,
            read_dns=read_legacy_dns,
        ),
    )


def profile_of(name: ProfileName) -> Profile:
    """The rules of a profile."""
    return _CURRENT if name is ProfileName.CURRENT else _legacy()
