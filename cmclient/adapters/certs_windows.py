"""The certificate stores of a Windows machine.

``WindowsCertificates`` makes values of what a ``StoreSource`` says; it is tested with recorded values.
``Win32Stores`` asks the real system through crypt32. It was written from the documentation of those functions and has
not been run on Windows. No key is touched: Windows says whether there is one.
"""

import sys
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from cryptography import x509

from ..errors import FactsError
from ..model.certificates import HeldCertificate, KeyState
from .certificate_chains import describe_certificate, find_chain, readable
from .certificate_fields import UNREADABLE

__all__ = ["StoreSource", "StoredCertificate", "Win32Stores", "WindowsCertificates"]

_AUTHORITIES = ("CA", "ROOT")  # where Windows keeps those that complete a chain
_MOST = 1000  # certificates of a store; a machine has a handful


class StoredCertificate(NamedTuple):
    """A certificate as Windows holds it.

    Attributes:
        encoded: The certificate, DER.
        has_key: Whether Windows has a private key for it.
    """

    encoded: bytes
    has_key: bool = False


class StoreSource(Protocol):
    """What Windows is asked."""

    def read(self, store: str) -> Sequence[StoredCertificate] | None:
        """The certificates of a store of the machine, in its order; None when there is no such store.

        Raises:
            FactsError: Windows refused.
        """


class WindowsCertificates:
    """The ``CertificateStore`` of a Windows machine."""

    def __init__(self, source: StoreSource) -> None:
        self._source = source

    def read(self, store: str) -> tuple[HeldCertificate, ...]:
        """Read the certificates of a store of the machine; keys stay where they are.

        Args:
            store: Its name, such as ``MY``; case does not count.

        Returns:
            The certificates in the order of the store; empty when there is no such store.

        Raises:
            FactsError: Windows refused.
        """
        held = self._source.read(store) or ()
        pool = [one for name in _AUTHORITIES for one in self._read_all(name)] if held else []
        return tuple(_describe(one, place, store, pool) for place, one in enumerate(held[:_MOST], 1))

    def _read_all(self, store: str) -> list[x509.Certificate]:
        found: list[x509.Certificate] = []
        for one in (self._source.read(store) or ())[:_MOST]:
            try:
                found += readable([x509.load_der_x509_certificate(one.encoded)])
            except UNREADABLE:
                continue  # it completes no chain
        return found


def _describe(one: StoredCertificate, place: int, store: str, pool: Sequence[x509.Certificate]) -> HeldCertificate:
    where = f"Windows store {store}, number {place}"
    state = KeyState.THERE if one.has_key else KeyState.MISSING
    try:
        (leaf,) = readable([x509.load_der_x509_certificate(one.encoded)])
        held = describe_certificate(where, leaf, tuple(find_chain(leaf, pool)))
    except UNREADABLE:
        return HeldCertificate(where, store=store, key=state, problem=f"the certificate in {where} is malformed")
    problem = "" if one.has_key else "Windows has no private key for it"
    return held._replace(store=store, key=state, problem=problem)


if sys.platform == "win32":
    import ctypes
    from ctypes import wintypes

    _SYSTEM_W = 10  # CERT_STORE_PROV_SYSTEM_W
    _LOCAL_MACHINE = 0x00020000  # CERT_SYSTEM_STORE_LOCAL_MACHINE
    _OPEN_EXISTING = 0x00004000  # CERT_STORE_OPEN_EXISTING_FLAG
    _READ_ONLY = 0x00008000  # CERT_STORE_READONLY_FLAG
    _KEY_PROVIDER = 2  # CERT_KEY_PROV_INFO_PROP_ID
    _NOT_FOUND = 2  # ERROR_FILE_NOT_FOUND

    class _Context(ctypes.Structure):
        """CERT_CONTEXT."""

        _fields_ = (
            ("encoding", wintypes.DWORD),
            ("encoded", ctypes.POINTER(ctypes.c_ubyte)),
            ("size", wintypes.DWORD),
            ("info", ctypes.c_void_p),
            ("store", ctypes.c_void_p),
        )

    _ContextPointer = ctypes.POINTER(_Context)

    class Win32Stores:
        """The stores of the Windows that this runs on."""

        def __init__(self) -> None:
            self._crypt = ctypes.WinDLL("crypt32", use_last_error=True)
            self._crypt.CertOpenStore.argtypes = (
                ctypes.c_void_p,
                wintypes.DWORD,
                ctypes.c_void_p,
                wintypes.DWORD,
                wintypes.LPCWSTR,
            )
            self._crypt.CertOpenStore.restype = ctypes.c_void_p
            self._crypt.CertCloseStore.argtypes = (ctypes.c_void_p, wintypes.DWORD)
            self._crypt.CertEnumCertificatesInStore.argtypes = (ctypes.c_void_p, _ContextPointer)
            self._crypt.CertEnumCertificatesInStore.restype = _ContextPointer
            self._crypt.CertFreeCertificateContext.argtypes = (_ContextPointer,)
            self._crypt.CertGetCertificateContextProperty.argtypes = (
                _ContextPointer,
                wintypes.DWORD,
                ctypes.c_void_p,
                ctypes.POINTER(wintypes.DWORD),
            )

        def read(self, store: str) -> Sequence[StoredCertificate] | None:
            """The certificates of a store of the machine, in its order; None when there is no such store.

            Raises:
                FactsError: Windows refused.
            """
            flags = _LOCAL_MACHINE | _OPEN_EXISTING | _READ_ONLY
            handle = self._crypt.CertOpenStore(_SYSTEM_W, 0, None, flags, store)
            if not handle:
                code = ctypes.get_last_error()
                if code == _NOT_FOUND:
                    return None
                raise FactsError(f"the certificate store {store} of this machine cannot be opened (error {code})")
            try:
                return self._read_open(handle)
            finally:
                self._crypt.CertCloseStore(handle, 0)

        def _read_open(self, handle: int) -> list[StoredCertificate]:
            found: list[StoredCertificate] = []
            context = self._crypt.CertEnumCertificatesInStore(handle, None)
            while context:  # each call frees the context before
                if len(found) == _MOST:
                    self._crypt.CertFreeCertificateContext(context)
                    break
                size = wintypes.DWORD()
                ask = self._crypt.CertGetCertificateContextProperty
                has_key = bool(ask(context, _KEY_PROVIDER, None, ctypes.byref(size)))
                encoded = ctypes.string_at(context.contents.encoded, context.contents.size)
                found.append(StoredCertificate(encoded, has_key))
                context = self._crypt.CertEnumCertificatesInStore(handle, context)
            return found

else:

    class Win32Stores:
        """There is no Windows here."""

        def __init__(self) -> None:
            raise FactsError("this is not Windows")
