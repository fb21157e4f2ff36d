"""Schemas of documents about boundary data: what holds a machine, what is wrong, what there is, what would change."""

from schematypes import (
    Schema,
    Types,
    describe_field,
    described,
    flag,
    listed,
    mapped,
    one_of,
    or_null,
    record,
    schema_field,
    text,
    whole,
)

from cmclient.model.assignment import AssignmentHow
from cmclient.model.boundary import Boundary
from cmclient.model.facts import NetworkLocation
from cmclient.model.finding import Finding, Severity, Where
from cmclient.model.groups import BoundaryGroup, DataFault, FallbackTimes, GroupOptions, Role
from cmclient.model.names import SiteCode
from cmclient.rules.boundaries import BoundaryMatch
from cmclient.rules.findings import Findings
from cmclient.rules.group_options import ClientOptions
from cmclient.rules.lacks import Lack
from cmclient.rules.mp_localities import ListedMp
from cmclient.rules.pools import PoolEntry

__all__ = ["boundaries", "boundaries_import", "boundary_findings", "boundary_groups", "plan"]

_ROLES = tuple(role.value for role in Role)
_SITES = "^([A-Z0-9]{3}([|][A-Z0-9]{3})*)?$"


def _because(what: str = "What it says here.") -> dict[str, Schema]:
    return {
        "rules": listed(text("Id of a rule."), "Ids of the rules that decided; the first of them did."),
        "reason": text(what),
    }


def boundaries(types: Types) -> Schema:
    """Which boundaries and boundary groups hold a machine, and what it gets there."""
    held = {
        **types.fields(Boundary, "id", "kind", "value", "description"),
        **types.fields(BoundaryMatch, "evidence"),
    }
    option = record(
        {"is_on": flag("Whether it is on for the machine.")} | _because(), "An option of its groups together."
    )
    option = types.define("Option", option)
    names = [name for name in ClientOptions._fields if name != "peer_groups"]
    options = {name: described(option, describe_field(ClientOptions, name)) for name in names}
    return record(
        {
            "schema": schema_field("boundaries"),
            "network_location": record(
                {"location": types.of(NetworkLocation)} | _because("What they say here."),
                "On which side of the internet the machine is.",
            ),
            "boundaries": listed(types.define("BoundaryMatch", record(held)), "The boundaries that hold it."),
            "unknown": listed(text("Identifier of a boundary."), "Boundaries that may hold it, which is not known."),
            "groups": listed(
                types.define("BoundaryGroup", record(types.fields(BoundaryGroup, "id", "name", "assigned_site"))),
                "The boundary groups that hold it.",
            ),
            "assignment": _assignment(types),
            "options": record(
                options | types.fields(ClientOptions, "peer_groups"), "What the options of its groups come to."
            ),
            "minute": or_null(whole("Only servers in the pool at this minute are told; null for all.", least=0)),
            "timeline": _timeline(types),
            "lacking": record(
                {role: described(types.of(Lack), f"Why no {role}.") for role in _ROLES},
                "Why it gets no server of a role; only the roles that it lacks.",
                optional=_ROLES,
            ),
            "notes": listed(text("A sentence."), "What a person should know besides; may be empty."),
        }
    )


def _timeline(types: Types) -> Schema:
    entry = {
        **types.fields(PoolEntry, "minute", "host"),
        "group": or_null(text("Identifier of the boundary group through which it joins; null for none.")),
        **_because(),
    }
    joins = types.define("PoolEntry", record(entry, "A server of the pool."))
    point = record(entry | types.fields(ListedMp, "locality", "is_cloud"), "A management point of the pool.")
    pools = {role: listed(joins, f"Of the role {role}, by the minute at which they join.") for role in _ROLES}
    pools["mp"] |= {"items": types.define("PooledManagementPoint", point)}
    return record(
        pools, "The servers that it gets, by role; only the roles that were asked for.", optional=tuple(pools)
    )


def _assignment(types: Types) -> Schema:
    rejected = record({"site": types.of(SiteCode)} | _because(), "A site that is named and cannot have clients.")
    return record(
        {
            "assigned_site": or_null(
                types.of(SiteCode), "The site that it is assigned to; null when that is not known."
            ),
            "candidates": listed(types.of(SiteCode), "The sites that a new client may be assigned to; empty for none."),
            **_because(),
            "by_address": mapped(
                listed(types.of(SiteCode), "Site codes."),
                "The sites by the address that the client draws; empty where it has no choice.",
            ),
            "rejected": listed(rejected, "Sites that are named and cannot have clients."),
        },
        "The site that it is, or would be, assigned to.",
    )


def boundary_findings(types: Types) -> Schema:
    """What is wrong in boundary data."""
    where = types.fields(Where)
    finding = record(
        {
            **types.fields(Finding, "code", "severity", "rule", "what"),
            "where": record(where, "What it is about, by identifier.", optional=tuple(where)),
            **types.fields(Finding, "do"),
        },
        "One thing that was found.",
    )
    counts = {one.value: whole(f"Findings of severity {one.value}.", least=0) for one in Severity}
    return record(
        {
            "schema": schema_field("boundary-findings"),
            "findings": listed(types.define("Finding", finding), describe_field(Findings, "findings")),
            "counts": record(counts, "How many of each severity there are in all."),
            **types.fields(Findings, "left_out", "notes"),
        }
    )


def boundary_groups(types: Types) -> Schema:
    """Boundary groups with their boundaries, servers and relationships."""
    picture = {
        "file": text("Where the picture is."),
        "drawn": whole("How many groups are in it.", least=0),
        "left_out": whole("How many are not.", least=0),
        "arrows_left_out": whole("How many arrows between those in it are not.", least=0),
    }
    return record(
        {
            "schema": schema_field("boundary-groups"),
            "groups": listed(types.define("BoundaryGroup", _group(types)), "Every boundary group."),
            "boundaries_in_no_group": listed(text("Identifier."), "Boundaries in no group."),
            "servers_in_no_group": listed(text("Host name."), "Servers in no group."),
            "fallback_site": or_null(
                types.of(SiteCode), "The hierarchy's fallback site for assignment; null for none."
            ),
            "notes": listed(text("A sentence."), "What is left out; may be empty."),
            "picture": record(picture, "The picture; there with `--svg`."),
        },
        optional=("picture",),
    )


def _group(types: Types) -> Schema:
    # a boundary that is named and is not in the data has its identifier alone
    boundary = record(types.fields(Boundary), "A boundary.", optional=Boundary._fields[1:])
    server = {
        "host": text("The server."),
        "roles": listed(types.of(Role), "Its roles; empty when they are not known."),
        "in_maintenance": flag("Whether it is a distribution point that is not handed to clients for now."),
    }
    link = {
        "neighbour": text("Identifier of the other group."),
        "implied": flag("Whether nobody made it: every group leads to default groups."),
        "minutes": types.of(FallbackTimes),
    }
    return record(
        {
            **types.fields(BoundaryGroup, "id", "name", "assigned_site", "default_of"),
            "boundaries": listed(types.define("Boundary", boundary), "Its boundaries."),
            "servers": listed(types.define("Server", record(server, "A server.")), "The servers that it references."),
            "relationships": listed(
                types.define("Relationship", record(link, "A one-way link to a neighbour.")), "Where it falls back to."
            ),
            "default_minutes": or_null(
                types.of(FallbackTimes),
                "Of a default group: when its servers join over implied links; null for others.",
            ),
            "options": types.of(GroupOptions),
        },
        "A boundary group.",
    )


def boundaries_import(types: Types) -> Schema:
    """What came of reading boundary data from other forms."""
    counts = {
        "boundaries": whole("How many boundaries were read.", least=0),
        "groups": whole("How many boundary groups.", least=0),
        "servers": whole("How many servers.", least=0),
        "sites": whole("How many sites.", least=0),
    }
    return record(
        {
            "schema": schema_field("boundaries-import"),
            "output": or_null(text("The file that was written; null when nothing was.")),
            **counts,
            "faults": listed(types.of(DataFault), "Everything that cannot be used."),
            "notes": listed(text("A sentence."), "What a person should know, and need not mend; may be empty."),
        }
    )


def plan(types: Types) -> Schema:
    """A line of a plan for many machines.

    There is one for each machine, or for each that changes; the last line has the counts.
    """
    counts = {
        "schema": schema_field("plan"),
        "machines": whole("How many machines were read.", least=0),
        "left_out": whole("How many rows were left out, for they could not be read.", least=0),
        "changed": whole("With `--compare`: how many machines change.", least=0),
        "changes": mapped(
            whole("How many machines.", least=1), "With `--compare`: how many change in which way, by kind of change."
        ),
    }
    return one_of(
        [
            record(_answer(types), "What a machine gets."),
            record(_change(), "With `--compare`: what changes for a machine."),
            record(counts, "The counts; the last line.", optional=("changed", "changes")),
        ],
        "",
    )


def _answer(types: Types) -> dict[str, Schema]:
    joining = record({"role": types.of(Role), "minute": _minute("When it joins."), "host": text("The server.")})
    roles = {role: listed(text("Host name."), f"Servers of the role {role} that it gets at once.") for role in _ROLES}
    return {
        "name": text("What the machine is called."),
        "boundaries": listed(text("Identifier."), "Boundaries that hold it."),
        "groups": listed(text("Identifier."), "Boundary groups that it is in."),
        **roles,
        "timeline": listed(joining, "Every server with the minute at which it joins, by role, minute and name."),
        "site": text("The site that it is or would be assigned to; several with | when one is drawn.", pattern=_SITES),
        "site_from": types.of(AssignmentHow),
        "notes": listed(
            text("A word.", choices=("subnet-unknown", "vpn-unknown", "no-address")), "What cannot be told for certain."
        ),
    }


def _change() -> dict[str, Schema]:
    server = {"role": text("Role.", choices=_ROLES), "host": text("The server.")}
    joining = server | {"minute": _minute("When it joins, or joined.")}
    moved = server | {"before": _minute("When it joined before."), "after": _minute("When it joins afterwards.")}
    return {
        "name": text("What the machine is called."),
        "changes": listed(
            text("A kind of change.", choices=("groups", *_ROLES, "site")), "What changes, in this order."
        ),
        "groups_added": listed(text("Identifier."), "Boundary groups that it is in only afterwards."),
        "groups_removed": listed(text("Identifier."), "Boundary groups that it was in only before."),
        "servers_added": listed(record(joining), "Servers that it gets only afterwards."),
        "servers_removed": listed(record(joining), "Servers that it got only before."),
        "minutes_changed": listed(record(moved), "Servers that it gets at another minute."),
        "site_before": text("Its site, or sites with |, before; empty for none.", pattern=_SITES),
        "site_after": text("Its site, or sites with |, afterwards; empty for none.", pattern=_SITES),
    }


def _minute(what: str) -> Schema:
    return whole(what, least=0)
