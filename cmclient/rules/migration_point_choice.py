"""The state migration points that a client may use, and why it may not use the others."""

from collections.abc import Sequence

from ..model.decision import Reason, Verdict
from ..model.endpoints import Scheme
from ..model.groups import BoundaryGroup, Role, SiteData
from ..model.names import SiteCode
from ..model.roles import RoleDecision, RoleEvaluation, RoleOrigin, SiteRole
from ..model.rule import decides
from .choose import SeededChooser
from .edition import CATALOGUE_VERSION
from .pools import build_pool
from .state_migration_points import rank_state_migration_points, state_migration_ports

__all__ = ["judge_migration_points"]


@decides("BG-023", "SU-021")
def judge_migration_points(
    data: SiteData, current: Sequence[BoundaryGroup], *, assigned_site: SiteCode | None, chooser: SeededChooser
) -> RoleDecision:
    """Judge every state migration point of a hierarchy.

    Args:
        data: The hierarchy.
        current: The groups that the client is in.
        assigned_site: Its assigned site, whose default group serves a client that is in no group.
        chooser: Orders equals.
    """
    ranked = rank_state_migration_points(data, current, assigned_site=assigned_site, chooser=chooser)
    pool = build_pool(data, current, Role.STATE_MIGRATION_POINT, assigned_site=assigned_site)
    reasons = {entry.host: entry.reason for entry in pool}
    others = sorted(
        server.host
        for server in data.servers
        if Role.STATE_MIGRATION_POINT in server.roles and server.host not in ranked
    )
    bar = Reason("BG-023", "in no current group of the client, and there is no fallback to other groups, ever")
    origin = (RoleOrigin.SITE_DATA,)
    http, https = (state_migration_ports(scheme) for scheme in (Scheme.HTTP, Scheme.HTTPS))
    return RoleDecision(
        SiteRole.STATE_MIGRATION_POINT,
        tuple(RoleEvaluation(host, Verdict.RANKED, (reasons[host],), origin) for host in ranked),
        tuple(RoleEvaluation(host, Verdict.REJECTED, (bar,), origin) for host in others),
        chooser.seed,
        CATALOGUE_VERSION,
        notes=(f"it is reached on TCP {http[0]} or {https[0]}, and on {http[-1]} for SMB",),
    )
