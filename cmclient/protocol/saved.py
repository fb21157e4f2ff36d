"""Saved facts and saved locations: JSON documents under a versioned schema."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ..errors import CmClientError, InvalidValueError, MalformedReplyError, ReplayError
from ..model.decision import Candidate, Decision, Evaluation, Location, Policy, SourceReport, Unreadable
from ..model.facts import NetworkFacts, parse_address
from ..model.http import Attempt
from .document import from_json, to_json

__all__ = [
    "DISCOVERY_SCHEMA",
    "FACTS_SCHEMA",
    "LOCATION_SCHEMA",
    "REPLAY_SCHEMA",
    "SavedDecision",
    "build_discovery",
    "build_evaluations",
    "build_facts",
    "build_location",
    "parse_facts",
    "parse_location",
]

FACTS_SCHEMA = "cmclient.facts/1"
LOCATION_SCHEMA = "cmclient.location/1"
DISCOVERY_SCHEMA = "cmclient.discovery/1"
REPLAY_SCHEMA = "cmclient.replay/1"
_CAP = 32 * 1024 * 1024  # bytes; a document of that size is not one of ours
_HINTS = {
    FACTS_SCHEMA: "save it with 'cmclient facts --format json'",
    LOCATION_SCHEMA: "save it with 'cmclient locate --format json'",
}


class SavedDecision(NamedTuple):
    """The inputs of a decision as saved, and what it was.

    Attributes:
        facts: Input.
        policy: Input.
        candidates: Input.
        unreadable: Input.
        seed: Input.
        catalogue: Version of the catalogue that decided.
        ranked: What was ranked then, as JSON.
        rejected: What was rejected then, as JSON.
    """

    facts: NetworkFacts
    policy: Policy
    candidates: tuple[Candidate, ...]
    unreadable: tuple[Unreadable, ...]
    seed: int
    catalogue: str
    ranked: Sequence[Mapping[str, Any]]
    rejected: Sequence[Mapping[str, Any]]


def build_facts(facts: NetworkFacts) -> dict[str, Any]:
    """A document that holds the facts of a machine, for ``--facts``."""
    return {"schema": FACTS_SCHEMA, **to_json(facts)}


def parse_facts(data: bytes) -> NetworkFacts:
    """Read a facts document.

    Raises:
        MalformedReplyError: A field is not what it should be.
        ReplayError: It is no such document.
    """
    document = _load(data, FACTS_SCHEMA)
    return _checked_facts(document)


def build_evaluations(evaluations: Sequence[Evaluation]) -> list[dict[str, Any]]:
    """Evaluations with the ids of their rules and the deciding reason beside their fields."""
    return [
        {
            **to_json(one),
            "rules": list(one.rules),
            "reason": one.reasons[-1].text,
            "endpoint": None if one.endpoint is None else str(one.endpoint),
        }
        for one in evaluations
    ]


def build_location(location: Location, error: CmClientError | None = None) -> dict[str, Any]:
    """A document that holds a location: what was chosen, everything that led there, and all inputs for a replay.

    Args:
        location: The location.
        error: Why nothing was chosen, if so.
    """
    decision = location.decision
    chosen = location.chosen
    return {
        "schema": LOCATION_SCHEMA,
        "time": location.time,
        "chosen": None if chosen is None else build_evaluations([chosen])[0] | {"endpoint": str(location.endpoint)},
        "assigned_site": to_json(decision.policy.assigned_site),
        "assigned_mp": to_json(location.assigned_mp),
        "ranked": build_evaluations(decision.ranked),
        "rejected": build_evaluations(decision.rejected),
        "attempts": [to_json(one) | {"endpoint": str(one.endpoint)} for one in location.attempts],
        "sources": to_json(location.sources),
        "facts": to_json(decision.facts),
        "policy": to_json(decision.policy),
        "candidates": to_json(decision.candidates),
        "unreadable": to_json(decision.unreadable),
        "seed": decision.seed,
        "catalogue": decision.catalogue,
        "notes": list(location.notes),
        "root_key": to_json(location.root_key),
        "error": None if error is None else {"code": error.code, "message": error.message, "hint": error.hint},
    }


def build_discovery(decision: Decision, sources: Sequence[SourceReport], attempts: Sequence[Attempt]) -> dict[str, Any]:
    """A document that holds everything that the sources named, and how it is judged."""
    return {
        "schema": DISCOVERY_SCHEMA,
        "sources": to_json(tuple(sources)),
        "candidates": to_json(decision.candidates),
        "unreadable": to_json(decision.unreadable),
        "ranked": build_evaluations(decision.ranked),
        "rejected": build_evaluations(decision.rejected),
        "attempts": [to_json(one) | {"endpoint": str(one.endpoint)} for one in attempts],
        "facts": to_json(decision.facts),
        "policy": to_json(decision.policy),
        "seed": decision.seed,
        "catalogue": decision.catalogue,
    }


def parse_location(data: bytes) -> SavedDecision:
    """Read the inputs of a decision, and the decision, from a location document.

    Raises:
        MalformedReplyError: A field is not what it should be.
        ReplayError: It is no such document, or a part is missing.
    """
    document = _load(data, LOCATION_SCHEMA)
    missing = sorted({"facts", "policy", "candidates", "unreadable", "seed", "ranked", "rejected"} - set(document))
    if missing:
        raise ReplayError(f"the document lacks {', '.join(missing)}", hint=_HINTS[LOCATION_SCHEMA])
    return SavedDecision(
        facts=_checked_facts(document["facts"]),
        policy=from_json(Policy, document["policy"], where="policy"),
        candidates=_checked_candidates(document["candidates"]),
        unreadable=from_json(tuple[Unreadable, ...], document["unreadable"], where="unreadable"),
        seed=from_json(int, document["seed"], where="seed"),
        catalogue=from_json(str, document.get("catalogue", ""), where="catalogue"),
        ranked=_objects(document["ranked"], "ranked"),
        rejected=_objects(document["rejected"], "rejected"),
    )


def _checked_facts(document: object) -> NetworkFacts:
    """Facts whose addresses are addresses."""
    facts = from_json(NetworkFacts, document, where="facts")
    for address in facts.addresses:
        try:
            parse_address(str(address))
        except InvalidValueError as error:
            raise MalformedReplyError(f"facts.adapters: {error.message}", where="facts") from error
    return facts


def _checked_candidates(document: object) -> tuple[Candidate, ...]:
    """Candidates that somebody named."""
    candidates = from_json(tuple[Candidate, ...], document, where="candidates")
    for index, candidate in enumerate(candidates):
        if not candidate.origins:
            raise MalformedReplyError(f"candidates[{index}].origins is empty", where="candidates")
    return candidates


def _load(data: bytes, schema: str) -> dict[str, Any]:
    if len(data) > _CAP:
        raise ReplayError(f"the document is larger than {_CAP} bytes")
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ReplayError(f"this is no JSON: {error}", hint=_HINTS[schema]) from error
    if not isinstance(document, dict):
        raise ReplayError("the document is no JSON object", hint=_HINTS[schema])
    found = document.pop("schema", None)
    if found != schema:
        raise ReplayError(
            f"the document says schema {str(found)[:80]!r} and should say {schema!r}", hint=_HINTS[schema]
        )
    return document


def _objects(value: object, where: str) -> Sequence[Mapping[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise ReplayError(f"{where} should be a list of objects")
    return value
