"""Which version a site has, as a management point says it."""

from .errors import HttpStatusError, MalformedReplyError
from .messaging import LocationMessenger
from .model.assignment import KnownSite, SiteSource
from .model.endpoints import Endpoint
from .model.http import Deadline
from .model.mplist import MpListQuery
from .model.names import SiteCode
from .mpclient import ManagementPointClient
from .ports import Cancellation

__all__ = ["fetch_version"]

_SERVER_ERROR = 500


def fetch_version(
    client: ManagementPointClient,
    messenger: LocationMessenger,
    endpoint: Endpoint,
    site: SiteCode,
    deadline: Deadline,
    cancellation: Cancellation | None = None,
) -> KnownSite:
    """Ask a management point of a site for the site's version.

    It stands in the list of its management points, and in what a site says of itself, which is asked for where
    the list does not say it.

    Args:
        client: Asks for lists.
        messenger: Sends messages.
        endpoint: The management point.
        site: The site.
        deadline: The end of waiting; the limit of an attempt applies as well.
        cancellation: Gives up when cancelled.

    Returns:
        The site with its version. One that does not exist when the management point gives its own list, and none
        for that site: that is how it says that the site has no management point.

    Raises:
        TransportError: No whole reply; see ``ports.Transport``.
        HttpStatusError: A reply other than 200 to both questions.
        NoAnswerError: A message was taken and not answered.
        MalformedReplyError: No list, or nothing that says a version.
        UnsafeXmlError: The reply was refused for what it could do.
    """
    try:
        found = client.fetch_list(endpoint, MpListQuery.MPLIST1, deadline, site=site, cancellation=cancellation)
    except HttpStatusError as error:
        if error.status != _SERVER_ERROR:
            raise
        client.fetch_list(endpoint, MpListQuery.MPLIST, deadline, cancellation=cancellation)
        return KnownSite(site, source=SiteSource.MANAGEMENT_POINT, exists=False)
    builds = [one.mp.build for one in found.candidates if one.mp.build is not None]
    if not builds:
        said = messenger.fetch_site_information(endpoint, site, deadline, cancellation=cancellation)
        builds = [one.build for one in said.sites if one.site_code == site and one.build is not None]
    if not builds:
        raise MalformedReplyError(f"{endpoint} does not say the version of site {site}", where="SiteInfoReply")
    return KnownSite(site, build=max(builds), source=SiteSource.MANAGEMENT_POINT, exists=True)
