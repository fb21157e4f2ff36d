"""Site systems that no client contacts, whatever its kind, and why: asked for one, the answer is this sentence."""

from collections.abc import Mapping

from ..model.decision import Reason
from ..model.rule import decides

__all__ = ["UNCONTACTED_ROLES", "explain_uncontacted"]


def _between(what: str, whom: str) -> Reason:
    return Reason("", f"{what} is between {whom}; no client ever looks for one")


UNCONTACTED_ROLES: Mapping[str, Reason] = {
    "rsp": Reason("RP-001", "a reporting services point is for people who read reports; no client ever looks for one"),
    "cmg-connection-point": Reason(
        "RP-008", "a connection point of a gateway is between the gateway and the site; clients talk to the gateway"
    ),
    "enrollment-point": Reason(
        "RP-009", "an enrollment point is called by the enrollment proxy point alone; devices talk to that one"
    ),
    "service-connection-point": _between("a service connection point", "the hierarchy and Microsoft's cloud services"),
    "asset-intelligence-point": _between("an asset intelligence synchronization point", "the hierarchy and Microsoft"),
    "certificate-registration-point": _between("a certificate registration point", "the site and a server for NDES"),
    "exchange-connector": _between("the Exchange connector", "the site and an Exchange server, which has the devices"),
    "endpoint-protection-point": _between("an Endpoint Protection point", "the site and Microsoft"),
    "data-warehouse-point": _between("a data warehouse service point", "the site database and its reports"),
    "sms-provider": _between("the SMS Provider", "the site and those who administer it"),
    "site-database": _between("the site database", "servers of the site"),
}
"""By the word of the command line; a reason without a rule is what the role is for."""


@decides("RP-001", "RP-008", "RP-009")
def explain_uncontacted(role: str) -> Reason | None:
    """Say why a role is never located; None for one that is."""
    return UNCONTACTED_ROLES.get(role)
