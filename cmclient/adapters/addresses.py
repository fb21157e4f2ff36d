"""The addresses of a directory server, for the adapters that talk to one."""

import ipaddress
import queue
import socket
import threading
from collections.abc import Callable, Sequence

from ..errors import DirectoryTimeoutError, DirectoryUnreachableError, NameServiceError, NameServiceTimeoutError
from ..model.directory import DirectoryServer
from ..model.http import Deadline
from ..model.names import HostName

__all__ = ["Resolve", "directory_addresses", "system_addresses"]

Resolve = Callable[[HostName, Deadline], Sequence[str]]

_MAX_ADDRESSES = 8  # a name with hundreds of addresses must not use up the time with connection attempts
_NO_SUCH_NAME = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}


def directory_addresses(
    server: DirectoryServer, *, resolve: Resolve | None, source_address: str | None, deadline: Deadline
) -> tuple[str, ...]:
    """Say where to connect to.

    Args:
        server: The server; its own ``address`` is used as it is.
        resolve: Looks its name up otherwise; None for the operating system.
        source_address: Our own address, if it is prescribed: only addresses of the same family are of use.
        deadline: Until when.

    Returns:
        One to eight addresses, in the order of the lookup.

    Raises:
        DirectoryUnreachableError: The name has no address, or none of use, or cannot be looked up.
        DirectoryTimeoutError: It was not looked up in time.
    """
    name = f"{server.host}:{server.port}"
    if deadline.expired:
        raise DirectoryTimeoutError(f"{name} was not asked: the time was up", server=name)
    try:
        found = [server.address] if server.address else (resolve or system_addresses)(server.host, deadline)
        addresses = {address: ipaddress.ip_address(address) for address in found[:_MAX_ADDRESSES]}
        source = ipaddress.ip_address(source_address) if source_address else None
    except NameServiceTimeoutError as error:
        raise DirectoryTimeoutError(f"{name} could not be looked up in time", server=name) from error
    except (NameServiceError, ValueError) as error:
        raise DirectoryUnreachableError(f"{name} has no usable address: {error}", server=name) from error
    usable = tuple(text for text, address in addresses.items() if source is None or address.version == source.version)
    if not usable:
        lack = "no address" if not addresses else f"no address that {source_address} could reach"
        raise DirectoryUnreachableError(f"{name} has {lack}", server=name)
    return usable


def system_addresses(host: HostName, deadline: Deadline) -> tuple[str, ...]:
    """Look a name up as the operating system does, hosts file included.

    Returns:
        Addresses in the system's order of preference; empty when the name does not exist or has none.

    Raises:
        NameServiceTimeoutError: The system took too long; its lookup goes on in the background.
        NameServiceError: It could not tell.
    """
    answer: queue.SimpleQueue[tuple[str, ...] | OSError | UnicodeError] = queue.SimpleQueue()

    def look_up() -> None:
        try:
            answer.put(_addresses(host))
        except (OSError, UnicodeError) as error:
            answer.put(error)

    # getaddrinfo knows no time limit: it waits in a thread that may be left behind
    threading.Thread(target=look_up, name=f"lookup {host}", daemon=True).start()
    try:
        found = answer.get(timeout=deadline.remaining())
    except queue.Empty as error:
        raise NameServiceTimeoutError(f"{host} could not be looked up in time") from error
    if isinstance(found, socket.gaierror) and found.errno in _NO_SUCH_NAME:
        return ()
    if isinstance(found, Exception):
        raise NameServiceError(f"{host} could not be looked up: {found}") from found
    return found


def _addresses(host: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(found[4][0]) for found in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)))
