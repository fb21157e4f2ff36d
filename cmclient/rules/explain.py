"""A decision in words."""

from collections.abc import Iterator
from typing import NamedTuple

from ..model.decision import Decision, Evaluation
from ..model.rootkey import RootKeyDecision
from .communication import find_identity

__all__ = ["Outline", "explain", "outline_decision", "outline_root_key"]


class Outline(NamedTuple):
    """A line with lines below it."""

    text: str
    parts: tuple["Outline", ...] = ()


def explain(decision: Decision) -> str:
    """Say for each candidate which rule did what, as indented lines of text.

    Returns:
        The inputs, then the ranked best first, then the rejected by name.
    """
    return "\n".join(_lines(outline_decision(decision), ""))


def outline_decision(decision: Decision, chosen: Evaluation | None = None) -> Outline:
    """The same as ``explain``, as an outline.

    Args:
        decision: The decision.
        chosen: The evaluation to mark as the one that was chosen.
    """
    ranked = tuple(
        _outline_evaluation(f"{place}. {one.name}{' (chosen)' if one is chosen else ''}", one)
        for place, one in enumerate(decision.ranked, 1)
    )
    rejected = tuple(_outline_evaluation(one.name, one) for one in decision.rejected)
    return Outline(
        "decision",
        (
            Outline("decided from", tuple(map(Outline, _inputs(decision)))),
            Outline(f"ranked ({len(ranked)}), best first", ranked),
            Outline(f"rejected ({len(rejected)})", rejected),
        ),
    )


def outline_root_key(decision: RootKeyDecision) -> Outline:
    """What was decided about the trusted root key, and what the signatures that came with it prove."""
    source = "" if decision.source is None else f", from the {decision.source.value} ({decision.detail})"
    lines = [f"{reason.rule:<7} {reason.text}" for reason in decision.reasons]
    if decision.fingerprint:
        lines.append(f"its fingerprint (SHA-256): {decision.fingerprint}")
    said = {True: "verified", False: "NOT TRUE", None: "not verified"}
    lines += [f"signature of the {one.what}: {said[one.verified]}: {one.detail}" for one in decision.checks]
    return Outline(f"trusted root key: {decision.standing.value}{source}", tuple(map(Outline, lines)))


def _inputs(decision: Decision) -> Iterator[str]:
    policy, facts = decision.policy, decision.facts
    ability = "can" if policy.can_use_https else "cannot"
    yield f"network location {facts.network_location.value}: {facts.origins.get('network_location', 'nobody said why')}"
    yield f"protocol: the client {ability} use HTTPS: {policy.https_reason or 'nobody said why'}"
    if policy.legacy is None:
        identity, why = find_identity(policy)
        yield f"identity: {identity.value} ({why.rule}: {why.text})"
    yield f"assigned site {policy.assigned_site or 'none'}; purpose {policy.purpose.value}; phase {policy.phase.value}"
    if policy.legacy is not None:
        yield f"profile {policy.profile.value}; {policy.legacy.mode.value} mode: {policy.legacy.mode_reason}"
    yield f"forest {facts.forest or 'unknown'}; trusts {', '.join(facts.trusted_forests) or 'none known'}"
    yield f"seed {decision.seed}; catalogue {decision.catalogue}"


def _outline_evaluation(label: str, one: Evaluation) -> Outline:
    named = ", ".join(dict.fromkeys(f"{origin.source.value} ({origin.detail})" for origin in one.origins))
    lines = [f"{reason.rule:<7} {reason.text}" for reason in one.reasons]
    return Outline(label, tuple(map(Outline, [*lines, f"named by {named}"])))


def _lines(outline: Outline, indent: str) -> Iterator[str]:
    yield indent + outline.text
    for part in outline.parts:
        yield from _lines(part, indent + "  ")
