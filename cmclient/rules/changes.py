"""How what a machine gets differs between two sets of boundary data."""

from ..model.planning import ROLES, Change, Outcome, ServerChange

__all__ = ["find_change"]


def find_change(before: Outcome, after: Outcome) -> Change | None:
    """Compare what a machine gets.

    Boundaries are not compared, and neither are notes: they have an effect only through groups.

    Returns:
        What changes; None when nothing does.
    """
    servers = []
    for role, held, holds in zip(ROLES, before.servers, after.servers, strict=True):
        if held == holds:
            continue
        old, new = ({joining.host: joining.minute for joining in pool} for pool in (held, holds))
        servers += [
            ServerChange(role, host, old.get(host), new.get(host))
            for host in sorted({*old, *new})
            if old.get(host) != new.get(host)
        ]
    added = tuple(group for group in after.groups if group not in before.groups)
    removed = tuple(group for group in before.groups if group not in after.groups)
    if not added and not removed and not servers and before.sites == after.sites:
        return None
    return Change(added, removed, tuple(servers), before.sites, after.sites)
