"""CM 2007: where a client reports when it reaches no management point."""

from ..model.decision import Reason
from ..model.endpoints import HTTP_PORT, Endpoint, Scheme
from ..model.names import HostName

__all__ = ["find_legacy_fsp"]

_FIRST_BUILD = 5931  # the first release; SMS 2003 counted lower


def find_legacy_fsp(given: HostName | None, *, client_build: int) -> tuple[Endpoint | None, Reason]:
    """Find the fallback status point of a client: the one named at its installation, over HTTP in either mode.

    Args:
        given: ``FSP`` as a short name, an FQDN or an address; None when it was not named, and then none is used.
        client_build: Build number of the client.
    """
    if given is None:
        return None, Reason("L7-045", "none was named at the installation, so none is used")
    if client_build < _FIRST_BUILD:
        return None, Reason("L7-045", f"a client of build {client_build} is one of SMS 2003, which cannot use one")
    return Endpoint(Scheme.HTTP, given, HTTP_PORT), Reason("L7-045", "the one of this client; HTTP in native mode too")
