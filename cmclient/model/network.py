"""Where a client is, as a judgement with its evidence."""

from typing import NamedTuple

from .decision import Reason
from .facts import ClientKind, Membership, NetworkLocation
from .names import HostName

__all__ = ["LocationEvidence", "LocationJudgement", "SetupChange"]


class LocationEvidence(NamedTuple):
    """What is known about where a client is. An empty tuple says that nobody answered so far.

    Attributes:
        always_internet: It is set up for the internet only (``CCMALWAYSINF``).
        kind: What kind of client it is.
        membership: What it is joined to.
        given: What a person or a setting said; None when nobody did.
        controllers: Domain controllers that answered.
        intranet_mps: Management points on the premises that answered.
        internet_mps: Management points for the internet that answered.
        dns_answered: Whether DNS named domain controllers; by itself it proves nothing (Q-22).
        has_internet_mp: Whether it knows a management point for the internet: it can live on both networks.
        all_asked: Whether every domain controller and management point that may be asked was asked.
        is_set_for_internet: Whether a management point for the internet was configured, not only learned.
    """

    always_internet: bool = False
    kind: ClientKind = ClientKind.WINDOWS
    membership: Membership = Membership.UNKNOWN
    given: NetworkLocation | None = None
    controllers: tuple[HostName, ...] = ()
    intranet_mps: tuple[HostName, ...] = ()
    internet_mps: tuple[HostName, ...] = ()
    dns_answered: bool = False
    has_internet_mp: bool = False
    all_asked: bool = False
    is_set_for_internet: bool = False


class LocationJudgement(NamedTuple):
    """Where a client is, and why.

    Attributes:
        location: Intranet, internet, or unknown.
        label: What the product calls it: ``Currently intranet``, ``Currently Internet`` or ``Always Internet``;
            ``Not known yet`` while nothing proves either.
        reasons: The rules that decided, first the one that did. Never empty.
    """

    location: NetworkLocation
    label: str
    reasons: tuple[Reason, ...]

    @property
    def reason(self) -> Reason:
        """The one that decided."""
        return self.reasons[0]


class SetupChange(NamedTuple):
    """A change of what a client was installed with.

    Attributes:
        setting: The setting that changes.
        allowed: Whether an installed client takes it.
        needs: What it takes to come into force: ``restart`` of the client service, or ``reinstall``.
        reason: The rule, and what it says.
    """

    setting: str
    allowed: bool
    needs: str
    reason: Reason
