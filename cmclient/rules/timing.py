"""How long, how often and on which port: the constants of the catalogue, in one table.

Times are seconds. Fallback times of boundary groups are defaults of ``model.groups.FallbackTimes``.
"""

from collections.abc import Mapping
from enum import Enum
from typing import NamedTuple

from ..model.endpoints import HTTP_PORT, HTTPS_PORT
from ..model.rule import decides

__all__ = [
    "ASSIGNMENT_RETRY",
    "CLOUD_TOKEN_VALIDITY",
    "CONTENT_STALL",
    "EARLY_CONTENT_RETRY",
    "FAILURE_LIMIT",
    "FAILURE_WINDOW",
    "GATEWAY_NAMES_PERIOD",
    "LOCATION_PERIOD",
    "REFRESH_PERIOD",
    "SCAN_FAILURES",
    "SCAN_INTERVAL",
    "SCAN_SETTLE",
    "SCAN_SHORT_CYCLE",
    "SCAN_STAY",
    "SETUP_CLOUD_WAIT",
    "SETUP_DOWNLOAD_LIMIT",
    "SETUP_POINT_WAIT",
    "SETUP_RETRY",
    "STATE_MESSAGE_CYCLE",
    "Destination",
    "Ports",
    "ports_of",
]

_MINUTE = 60.0
_HOUR = 60 * _MINUTE

LOCATION_PERIOD = 25 * _HOUR  # TM-001: between two location requests
REFRESH_PERIOD = 24 * _HOUR  # TM-002, TM-003: between two refreshes of what boundary groups say
GATEWAY_NAMES_PERIOD = 25 * _HOUR  # TM-004: between two looks at the names of the gateways
FAILURE_LIMIT = 5  # TM-005: so many failures of a management point ...
FAILURE_WINDOW = 10 * _MINUTE  # TM-005: ... within so long give it up
ASSIGNMENT_RETRY = 10 * _MINUTE  # TM-007: between two tries of automatic assignment
CONTENT_STALL = 2 * _MINUTE  # TM-008: without progress before the next distribution point
SCAN_STAY = 120 * _MINUTE  # TM-011: with the last good software update point before any other
SCAN_INTERVAL = 30 * _MINUTE  # TM-012: between two scans after a failure
SCAN_FAILURES = 4  # TM-012: so many failures before the next software update point ...
SCAN_SETTLE = 2 * _MINUTE  # TM-012: ... and so long after the last of them
SCAN_SHORT_CYCLE = 30 * _MINUTE  # SU-006: with each further one; the sources give no length
EARLY_CONTENT_RETRY = 60 * _MINUTE  # TM-013: before 1610, between two requests for content that is not there
SETUP_POINT_WAIT = 4 * _HOUR  # TM-014: setup, distribution points before the management point
SETUP_CLOUD_WAIT = 4 * _HOUR  # TM-015: setup, cloud content before the gateway
SETUP_RETRY = 10 * _MINUTE  # TM-016: setup, between two tries to download
SETUP_DOWNLOAD_LIMIT = 1440 * _MINUTE  # TM-017: setup, until it gives up downloading
STATE_MESSAGE_CYCLE = 15 * _MINUTE  # TM-021: between two sends of state messages
CLOUD_TOKEN_VALIDITY = 24 * _HOUR  # TM-028: of a token for cloud content

_SMB = 445


class Destination(Enum):
    """What a client opens connections to."""

    MANAGEMENT_POINT = "mp"
    DISTRIBUTION_POINT = "dp"
    FALLBACK_STATUS_POINT = "fsp"
    SOFTWARE_UPDATE_POINT = "sup"
    STATE_MIGRATION_POINT = "smp"
    CLOUD_MANAGEMENT_GATEWAY = "cmg"
    CLOUD_CONTENT = "cloud-content"
    ENROLLMENT_PROXY_POINT = "enrollment-proxy"
    GLOBAL_CATALOG = "global-catalog"
    PEER = "peer"
    SOURCE_SHARE = "source-share"


class Ports(NamedTuple):
    """Default TCP ports of a destination, the usual one first; all of them may be changed by an administrator.

    Attributes:
        http: For HTTP; empty where HTTP is not used.
        https: For HTTPS; empty where HTTPS is not used.
        other: For other protocols: SMB, LDAP, the exchange between peers.
    """

    http: tuple[int, ...] = ()
    https: tuple[int, ...] = ()
    other: tuple[int, ...] = ()


_WEB = Ports((HTTP_PORT,), (HTTPS_PORT,))
_PORTS: Mapping[Destination, Ports] = {
    Destination.MANAGEMENT_POINT: _WEB,
    Destination.DISTRIBUTION_POINT: _WEB,
    Destination.FALLBACK_STATUS_POINT: Ports((HTTP_PORT,)),
    Destination.SOFTWARE_UPDATE_POINT: Ports((HTTP_PORT, 8530), (HTTPS_PORT, 8531)),
    Destination.STATE_MIGRATION_POINT: _WEB._replace(other=(_SMB,)),
    Destination.CLOUD_MANAGEMENT_GATEWAY: Ports(https=(HTTPS_PORT,)),
    Destination.CLOUD_CONTENT: Ports(https=(HTTPS_PORT,)),
    Destination.ENROLLMENT_PROXY_POINT: Ports(https=(HTTPS_PORT,)),
    Destination.GLOBAL_CATALOG: Ports(other=(3268,)),
    Destination.PEER: Ports(other=(8003,)),
    Destination.SOURCE_SHARE: Ports(other=(_SMB,)),
}


@decides("CF-017", "FS-004", "PT-003", "PT-013")
def ports_of(destination: Destination) -> Ports:
    """The ports on which a client reaches a destination unless it was told others."""
    return _PORTS[destination]
