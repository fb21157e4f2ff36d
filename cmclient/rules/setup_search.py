"""Client setup: which management points are asked where its files are, and which folders are tried."""

from collections.abc import Sequence

from ..model.client_setup import SetupPlan, SetupSearch
from ..model.decision import Reason
from ..model.endpoints import ManagementPoint, Protocols
from ..model.facts import ClientKind, NetworkLocation
from ..model.rule import decides

__all__ = ["find_setup_bar", "next_try", "note_setup_points", "plan_setup_search"]

_NEEDS_MP = frozenset({ClientKind.MAC, ClientKind.MOBILE, ClientKind.MDM})


@decides("CI-001", "CI-002", "CI-004", "CI-006", "CI-007", "CI-008")
def plan_setup_search(
    given: Sequence[ManagementPoint], paths: Sequence[str], *, retry: float, timeout: float
) -> SetupPlan:
    """Decide where client setup looks, from what it was given.

    | management points | folders | asks | then |
    | --- | --- | --- | --- |
    | none | none | those that it finds | nothing |
    | none | some | nobody | the folders |
    | some | none | those, then what it finds | nothing |
    | some | some | those, then what it finds | the folders |

    Args:
        given: Management points of ``/mp``, in their order; they say where the files are and assign nothing.
        paths: Folders of ``/source``, in their order.
        retry: Seconds between two attempts (``/retry``).
        timeout: Seconds after which it gives up (``/downloadtimeout``); an interval that is longer means one attempt.
    """
    alone = SetupSearch.NONE if paths else SetupSearch.DISCOVER
    search = SetupSearch.GIVEN_THEN_DISCOVER if given else alone
    return SetupPlan(search, tuple(given), tuple(dict.fromkeys(paths)), min(retry, timeout), timeout)


@decides("CI-023", "CI-026")
def find_setup_bar(plan: SetupPlan, kind: ClientKind, location: NetworkLocation, *, gateway: bool) -> Reason | None:
    """Why client setup cannot get its files like this; None when it can.

    Args:
        plan: Where it looks.
        kind: What kind of client it will be.
        location: Where the machine is; unknown counts as the internet only where something is contacted.
        gateway: Whether a cloud management gateway is known.
    """
    if kind in _NEEDS_MP and plan.search is SetupSearch.NONE:
        return Reason("CI-026", f"a client of kind {kind.value} cannot be installed from a folder alone")
    if location is NetworkLocation.INTERNET and not gateway and plan.search is not SetupSearch.NONE and not plan.paths:
        text = "client setup does not download from management points on the internet: give a folder (/source)"
        return Reason("CI-023", text)
    return None


@decides("CI-020", "CI-022")
def note_setup_points(given: Sequence[ManagementPoint], *, pki: bool, exempt: bool) -> tuple[Reason, ...]:
    """What is allowed, and is probably not what was meant, in the management points that setup was given.

    Args:
        given: Those of ``/mp``.
        pki: Whether a PKI certificate is to be used (``/UsePKICert``).
        exempt: Whether it is an installation that brings another proof, such as a token.
    """
    secure = [one for one in given if one.protocols is Protocols.HTTPS]
    notes = []
    if secure and not pki and not exempt:
        text = "a management point that takes HTTPS only wants a client certificate, and /UsePKICert is not given"
        notes.append(Reason("CI-022", text))
    notes += [
        Reason("CI-020", f"{one.host} is a short name: an HTTPS server is named as in its certificate, in full")
        for one in secure
        if "." not in one.host
    ]
    return tuple(notes)


@decides("CI-015", "CI-016")
def next_try(plan: SetupPlan, asked_at: float) -> float | None:
    """When client setup tries again after everything failed.

    Args:
        plan: How it looks.
        asked_at: When it tried last, in seconds after its begin.

    Returns:
        Seconds after its begin; None when it gives up: at the end of its time it does not try any more.
    """
    following = asked_at + plan.retry
    return following if following < plan.timeout else None
