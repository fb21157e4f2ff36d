"""Content in the cloud: on a cloud distribution point, or on a gateway that holds content.

The flow is known: the location list has the address of the content service with a token in it, the service says in
which storage the content is, and the client reads it from there. What the service answers has never been seen by
anybody who wrote it down, so this client goes as far as judging the source, and says so.
"""

from datetime import datetime, timedelta
from enum import Enum
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit

from ..errors import InvalidValueError
from ..model.decision import Reason
from ..model.facts import NetworkFacts
from ..model.names import HostName
from ..model.rule import decides

__all__ = [
    "CloudAddress",
    "CloudStep",
    "find_cloud_bar",
    "plan_cloud_fetch",
    "read_cloud_address",
]

_TOKEN_LIFE = timedelta(hours=24)
_PATH = "/downloadrestservice.svc/getcontentxmlsecure"
_MOST = 2048  # characters; a longer address is an attack on whoever keeps it
_HTTPS = 443


class CloudAddress(NamedTuple):
    """The address of content in the cloud, as a location list gives it.

    Attributes:
        service: The content service.
        package: The id of the package (``pid``).
        content: The id of the content (``cid``).
        token: The rest, which says who may fetch it and until when; not to be shown.
        received: When the list came, from which the token is valid for a day.
    """

    service: HostName
    package: str
    content: str
    token: str
    received: datetime

    def is_valid(self, now: datetime) -> bool:
        """Whether its token still counts."""
        return now < self.received + _TOKEN_LIFE


class CloudStep(Enum):
    """One step on the way to content in the cloud, in order."""

    RESOLVE = "resolve the name of the content service, through a CNAME where it is in one's own domain"
    CONNECT = "connect to the content service over HTTPS, with the token of the location list"
    RECEIVE = "receive the place in the storage"
    FETCH = "read the content from the storage, over HTTPS"


@decides("CL-041")
def read_cloud_address(url: str, received: datetime) -> CloudAddress:
    """Read the address of content in the cloud.

    Args:
        url: As the location list has it.
        received: When that list came.

    Raises:
        InvalidValueError: It is none. What it holds is not repeated: it may be a token.
    """
    what, reason = "address of content in the cloud", f"it is https://HOST{_PATH}?pid=...&cid=..."
    if len(url) > _MOST or not url.isascii() or not url.isprintable():
        raise InvalidValueError(what, "", reason)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise InvalidValueError(what, "", reason) from error
    query = parse_qsl(parts.query, keep_blank_values=True)
    fields = {name.lower(): value for name, value in query}
    is_one = parts.scheme.lower() == "https" and parts.path.lower() == _PATH and port in {None, _HTTPS}
    if not is_one or not (fields.get("pid") and fields.get("cid")) or "@" in parts.netloc:
        raise InvalidValueError(what, "", reason)
    token = "&".join(f"{name}={value}" for name, value in query if name.lower() not in {"pid", "cid"})
    return CloudAddress(HostName(parts.hostname or ""), fields["pid"], fields["cid"], token, received)


@decides("CL-043", "CL-044")
def find_cloud_bar(facts: NetworkFacts, *, allowed: bool = False) -> Reason | None:
    """Why a client may not use content in the cloud; None when it may. A client certificate is not needed.

    Args:
        facts: Its addresses.
        allowed: "Allow access to cloud distribution point"; off unless somebody turned it on.
    """
    if not allowed:
        return Reason("CL-044", "content in the cloud is not allowed for this client: set cloud_content")
    versions = {ip_address(one.address).version for one in facts.addresses}
    if versions and 4 not in versions:  # noqa: PLR2004 - IPv4; where no address is known, nothing speaks against it
        return Reason("CL-043", "content in the cloud takes IPv4, and the client has no such address")
    return None


@decides("CL-042", "CG-035")
def plan_cloud_fetch(address: CloudAddress, now: datetime) -> tuple[tuple[CloudStep, ...], Reason]:
    """The steps to content in the cloud, and where this client stops.

    Returns:
        The steps that could be taken, and why no further one. The content itself is read from storage directly, never
        through the gateway; where that is only the service says, in a form that is not public.
    """
    if not address.is_valid(now):
        return (), Reason("CL-041", "the token of the location list is older than a day: ask for the list again")
    text = "what the content service answers is not public, so the place in the storage cannot be learned"
    return (CloudStep.RESOLVE, CloudStep.CONNECT), Reason("CL-042", text)
