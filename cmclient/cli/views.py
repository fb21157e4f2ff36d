"""Locations and facts as lines, tables and trees."""

from collections.abc import Iterable, Mapping, Sequence

from ..errors import CmClientError
from ..model.decision import Decision, Evaluation, Location, SourceReport
from ..model.facts import NetworkFacts
from ..model.http import Attempt, Outcome
from ..rules.explain import Outline
from .render import Table

__all__ = [
    "attempts_table",
    "candidates_tables",
    "discovery_items",
    "facts_items",
    "location_items",
    "sources_table",
]

Item = str | Table | Outline


def location_items(location: Location, error: CmClientError | None = None) -> list[Item]:
    """A location at a glance: what was chosen and why, the other candidates, the sources, the attempts."""
    return [
        *_headline(location, error),
        *candidates_tables(location),
        *_ruled_out(location),
        "",
        sources_table(location.sources),
    ]


def discovery_items(decision: Decision, sources: Sequence[SourceReport], attempts: Sequence[Attempt]) -> list[Item]:
    """Everything that the sources named, with what each said of it, and how it is judged."""
    rows = tuple(
        (
            candidate.mp.host,
            candidate.mp.site_code or "?",
            candidate.mp.protocols.value,
            candidate.mp.audience.value,
            str(candidate.mp.build or "?"),
            ", ".join(dict.fromkeys(origin.source.value for origin in candidate.origins)),
        )
        for candidate in decision.candidates
    )
    headers = ("management point", "site", "takes", "clients from", "build", "named by")
    judged = Location(decision, tuple(attempts))
    return [Table("Candidates", headers, rows), "", *candidates_tables(judged), "", sources_table(sources)]


def _headline(location: Location, error: CmClientError | None) -> Iterable[Item]:
    chosen = location.chosen
    policy = location.decision.policy
    if chosen is None:
        yield f"No management point: {error.message if error else 'none was chosen'}"
        if error is not None and error.hint:
            yield f"  what next: {error.hint}"
    else:
        yield f"Management point: {chosen.name} ({location.endpoint})"
        yield f"  wanted for {policy.purpose.value}; why this one:"
        for reason in chosen.reasons:
            yield f"    {reason.rule:<7} {reason.text}"
        equals = [one.name for one in location.decision.ranked if one.tie == chosen.tie and one is not chosen]
        if equals and location.attempts:
            yield f"    MP-005  equal by the rules: {', '.join(equals)}; this one answered first"
        if not location.attempts:
            yield "  not contacted: decided from what is stored or was given"
    for note in location.notes:
        yield f"  {note}"
    if location.assigned_mp is not None:
        yield f"  assigned management point (for registration): {location.assigned_mp}"
    yield ""


def candidates_tables(location: Location) -> list[Item]:
    """The ranked and the rejected, as tables."""
    decision = location.decision
    attempts = _attempts_by_host(location.attempts)
    chosen = location.chosen
    ranked = tuple(_ranked_row(place, one, chosen, attempts) for place, one in enumerate(decision.ranked, 1))
    marked = frozenset(index for index, one in enumerate(decision.ranked) if one is chosen)
    headers = ("#", "management point", "site", "how", "stands here by", "what happened")
    rejected = tuple((one.name, one.reasons[-1].rule, one.reasons[-1].text) for one in decision.rejected)
    return [
        Table("Ranked, best first", headers, ranked, marked),
        "",
        Table("Rejected", ("management point", "rule", "why"), rejected),
    ]


def _ruled_out(location: Location) -> Iterable[Item]:
    """What became of those that were asked and stand in no place now, as when the client is held to be elsewhere."""
    ranked = {one.name for one in location.decision.ranked}
    rows = tuple((str(one.endpoint), _in_words(one)) for one in location.attempts if one.endpoint.host not in ranked)
    if rows:
        yield ""
        yield Table("Asked before they were ruled out", ("management point", "what happened"), rows)


def _ranked_row(place: int, one: Evaluation, chosen: Evaluation | None, attempts: Mapping[str, str]) -> tuple[str, ...]:
    mp, endpoint = one.mp, one.endpoint
    return (
        f"{place}{' *' if one is chosen else ''}",
        one.name,
        (mp and mp.site_code) or "?",
        "" if endpoint is None else f"{endpoint.scheme.value}:{endpoint.port}",
        _place(one),
        attempts.get(one.name, "not needed" if attempts and chosen else "not contacted"),
    )


def _place(one: Evaluation) -> str:
    """The parts of the sort key that an evaluation stands by, in words."""
    parts = [one.category.value if one.category else "?", f"locality {int(one.mp.locality) if one.mp else 0}"]
    return ", ".join([*parts, *(["preferred"] if one.preferred else []), f"rank {one.rank}"])


def _attempts_by_host(attempts: Iterable[Attempt]) -> dict[str, str]:
    """For each host what its last telling attempt came to: an answer counts more than what was asked after it."""
    told: dict[str, str] = {}
    answered: set[str] = set()
    for attempt in attempts:
        if attempt.endpoint.host not in answered:
            told[attempt.endpoint.host] = _in_words(attempt)
        if attempt.outcome is Outcome.ANSWERED:
            answered.add(attempt.endpoint.host)
    return told


def _in_words(attempt: Attempt) -> str:
    if attempt.outcome is Outcome.ANSWERED:
        return f"answered in {attempt.seconds * 1000:.0f} ms"
    if attempt.outcome is Outcome.CANCELLED:
        return "cancelled: another was quicker"
    detail = attempt.detail.removeprefix(str(attempt.endpoint)).lstrip(": ")
    return f"{attempt.code}: {detail}" + (f" ({attempt.hint})" if attempt.hint else "")


def sources_table(sources: Sequence[SourceReport]) -> Table:
    """What came of each source."""
    rows = tuple(
        (
            report.source.value,
            str(report.found) if report.asked else "not asked",
            report.rule,
            _report_in_words(report),
        )
        for report in sources
    )
    return Table("Sources, in the order of the rules", ("source", "found", "rule", "what"), rows)


def _report_in_words(report: SourceReport) -> str:
    if not report.code:
        return report.detail
    return f"failed, {report.code}: {report.detail}" + (f" ({report.hint})" if report.hint else "")


def attempts_table(attempts: Sequence[Attempt]) -> Table:
    """Every request to a management point, in order of start."""
    rows = tuple((f"{one.started:.3f} s", str(one.endpoint), one.purpose, _in_words(one)) for one in attempts)
    return Table("Attempts", ("at", "endpoint", "asked for", "what happened"), rows)


def _known(value: bool | None) -> str:  # noqa: FBT001 - it is what it is about
    return {True: "yes", False: "no", None: "unknown"}[value]


def facts_items(facts: NetworkFacts) -> list[Item]:
    """Facts as a table, each with its origin."""
    plain = {
        "host": facts.host,
        "membership": facts.membership.value,
        "domain": facts.domain,
        "forest": facts.forest,
        "trusted_forests": ", ".join(facts.trusted_forests),
        "ad_site": facts.ad_site,
        "network_location": facts.network_location.value,
        "client_kind": facts.client_kind.value,
        "always_internet": "yes" if facts.always_internet else "no",
        "assigned_site": facts.assigned_site,
        "allowed_mps": None if facts.allowed_mps is None else ", ".join(facts.allowed_mps) or "(none)",
        "dns_suffixes": ", ".join(facts.dns_suffixes),
        "domain_controllers": ", ".join(one.host for one in facts.domain_controllers),
        "vpn": _known(facts.on_vpn),
        "metered_network": _known(facts.metered_network),
        "roaming_network": _known(facts.roaming_network),
        "fsp": facts.intranet_fsp or facts.fsp,
        "client_id": facts.client_id,
        "client_version": facts.client_version,
    }
    rows = tuple((name, value or "-", facts.origins.get(name, "")) for name, value in plain.items())
    adapters = tuple(
        (one.name, ", ".join(map(str, one.addresses)) or "-", one.dns_suffix or "-", one.description)
        for one in facts.adapters
    )
    return [
        Table("Facts", ("fact", "value", "where from"), rows),
        "",
        Table("Connections", ("name", "addresses", "DNS suffix", "description"), adapters),
    ]
