"""The certificate and key with which the client proves who it is, given to TLS without a file that could stay behind.

The ``ssl`` module takes keys from files only. The key is therefore written once, encrypted with a password that is
drawn for it and forgotten after it: on Linux into a file in memory that has no name, elsewhere into a file that only
its owner can read and that is removed at once.
"""

import contextlib
import os
import secrets
import ssl
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

__all__ = ["ClientIdentity", "ClientKey"]

ClientKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey
"""The kinds of key that TLS takes."""


class ClientIdentity:
    """A certificate, its chain and its key. Prints as where it is from.

    Args:
        where: File or store that it is from.
        chain: The certificate, and those of its authorities.
        key: Its key.
    """

    __slots__ = ("_chain", "_key", "where")

    def __init__(self, where: str, chain: Sequence[x509.Certificate], key: ClientKey) -> None:
        self.where = where
        self._chain = tuple(chain)
        self._key = key

    def __repr__(self) -> str:
        """Where it is from; nothing of the key."""
        return f"ClientIdentity({self.where!r})"

    def __reduce__(self) -> str:
        """Refuse to be copied or written."""
        raise TypeError("a key is not copied")

    def load_into(self, context: ssl.SSLContext) -> None:
        """Have a TLS context offer it.

        Raises:
            OSError: TLS does not take it (also as ``ssl.SSLError``), or there is nowhere to put it.
        """
        password = secrets.token_bytes(32).hex().encode()
        pem = b"".join(one.public_bytes(Encoding.PEM) for one in self._chain)
        pem += self._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(password))
        with _readable(pem) as path:
            context.load_cert_chain(path, password=password)


@contextlib.contextmanager
def _readable(content: bytes) -> Iterator[str]:
    """A path under which the content can be read while the block runs."""
    create = getattr(os, "memfd_create", None)
    if create is not None:
        descriptor = create("cmclient", getattr(os, "MFD_CLOEXEC", 0))
        try:
            os.write(descriptor, content)
            path = f"/proc/self/fd/{descriptor}"
            if Path(path).exists():
                yield path
                return
        finally:
            os.close(descriptor)
    with tempfile.TemporaryDirectory(prefix="cmclient-") as folder:  # readable by its owner only
        file = Path(folder, "identity.pem")
        file.touch(mode=0o600)
        file.write_bytes(content)
        yield str(file)
