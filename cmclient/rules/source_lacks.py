"""Why there is no source of content to use now, and what a person can do about it: the question asked most."""

from collections.abc import Iterator

from ..model.content import ContentLocations
from ..model.facts import NetworkLocation
from ..model.rule import decides
from ..model.sources import SourceLack, SourceOrder, SourcePlan
from .source_client import SourceClient

__all__ = ["CONTENT_UNKNOWN", "find_source_lack"]

CONTENT_UNKNOWN = "content-unknown"
"""The site has no such content: the code of a lack that no waiting mends."""

_MOST_RULES = 4  # that one sentence names


def find_source_lack(
    plan: SourcePlan, answer: ContentLocations, client: SourceClient, elapsed: float
) -> SourceLack | None:
    """Find out why there is no source to use now.

    Args:
        plan: The sources, judged.
        answer: What the site said.
        client: Who asked.
        elapsed: Seconds from the begin of the job.

    Returns:
        The first cause that applies; None when there is a source.
    """
    if plan.open_at(elapsed):
        return None
    return next(_causes(plan, answer, client, elapsed))


def _causes(plan: SourcePlan, answer: ContentLocations, client: SourceClient, elapsed: float) -> Iterator[SourceLack]:
    opens = plan.next_opening(elapsed)
    if opens is not None:
        first = next(one for one in plan.ranked if one.opens_after == opens)
        text = f"the first source opens {opens - elapsed:.0f} s from now: {first.reasons[-1].text}"
        yield SourceLack("opens-later", first.reasons[-1].rule, text, "wait, or put the content nearer to the client")
    if plan.rejected:
        yield _all_rejected(plan)
    yield _nobody_named(plan, answer, client)


@decides("CL-001")
def _all_rejected(plan: SourcePlan) -> SourceLack:
    rules = list(dict.fromkeys(reason.rule for one in plan.rejected for reason in one.reasons))
    text = f"the site names {len(plan.rejected)}, and the rules reject every one: {', '.join(rules[:_MOST_RULES])}"
    return SourceLack("every-source-rejected", rules[0], text, "each rejected source says why; mend that, or the site")


@decides("BG-009", "BG-042", "CL-018", "CL-036")
def _nobody_named(plan: SourcePlan, answer: ContentLocations, client: SourceClient) -> SourceLack:
    """An answer without a source: the place of the client or the place of the content, as far as one can tell them."""
    what = "the content" if plan.content is None else f"{plan.content.id} version {plan.content.version}"
    if client.facts.network_location is NetworkLocation.INTERNET:
        text = f"the client is on the internet, and no internet-facing source has {what}"
        hint = "put it on an internet-facing distribution point, or see why the client is held to be on the internet"
        return SourceLack("nowhere-on-internet", "CL-018", text, hint)
    if not answer.sites:
        text = f"the answer names no site at all: no site knows {what}, or it has an older version"
        hint = "compare id and version with the console: --version asks for another one, --kind update for an update"
        return SourceLack(CONTENT_UNKNOWN, "CL-001", text, hint)
    if answer.boundary_groups is not None and not answer.boundary_groups.groups:
        text = (
            f"the client is in no boundary group, and the default one of its site has no distribution point with {what}"
        )
        hint = (
            "'cmclient boundaries match' shows which boundary would hold it; add one, or a server to the default group"
        )
        return SourceLack("client-in-no-group", "BG-042", text, hint)
    waits = "" if client.order is SourceOrder.TASK_SEQUENCE else " yet: neighbours join as their fallback times pass"
    text = f"no distribution point of the client's boundary groups has {what}{waits}"
    hint = "distribute it to one of them (what was sent is not yet there), or see 'cmclient boundaries match'"
    return SourceLack("content-on-no-near-dp", "BG-009", text, hint)
