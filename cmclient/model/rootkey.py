"""The trusted root key of a hierarchy, as a client knows it: from where, and what follows."""

from datetime import datetime
from enum import Enum
from typing import NamedTuple

from .reason import Reason

__all__ = [
    "KeyDuty",
    "KeySource",
    "KeyStanding",
    "KnownKey",
    "KnownKeys",
    "RootKeyDecision",
    "SignatureCheck",
    "StoredRootKey",
    "TrustedRootKey",
]


class TrustedRootKey(NamedTuple):
    """The root key of a hierarchy: an RSA public key.

    Attributes:
        blob: The key as the product writes it, a CryptoAPI public key blob; two keys are the same if this is.
        exponent: Public exponent.
        modulus: Modulus.
    """

    blob: bytes
    exponent: int
    modulus: int

    @property
    def text(self) -> str:
        """The key in hexadecimal, as answers and ``mobileclient.tcf`` write it."""
        return self.blob.hex().upper()


class KeySource(Enum):
    """Where a root key is known from."""

    SETTINGS = "settings"
    """Given by a person: as text, in a file, or on the setup line."""
    DIRECTORY = "directory"
    STORE = "store"
    MANAGEMENT_POINT = "management-point"
    """Of the first management point that was met."""


class KeyStanding(Enum):
    """How a client stands with the trusted root key."""

    KNOWN = "known"
    """It has one; whoever shows another one is not talked to over HTTP."""
    FIRST_USE = "first-use"
    """It has none, and takes that of the first management point it meets over HTTP."""
    RESET = "reset"
    """It was told to forget the one that it had, and takes none from a management point in this run."""
    BLOCKED = "blocked"
    """It has one, somebody was asked, and it kept the client from using any management point."""


class KeyDuty(Enum):
    """What is to be done about the root key before one management point is believed."""

    NONE = "none"
    COMPARE = "compare"
    """It has to show the known one first."""
    ADOPT = "adopt"
    """The one that it shows becomes the known one."""


class KnownKey(NamedTuple):
    """A root key, and where it is known from.

    Attributes:
        key: The key.
        source: Where it is known from.
        detail: Which record of that, for a person.
    """

    key: TrustedRootKey
    source: KeySource
    detail: str = ""


class KnownKeys(NamedTuple):
    """Every place that may know the root key.

    Attributes:
        given: The one that a person gave; None when nobody did.
        published: The one that the directory holds; None when it does not, or was not asked.
        stored: The one that was kept from before; None when none was.
        resets: Whether the client is told to forget the kept one (``RESETKEYINFORMATION=TRUE``).
    """

    given: KnownKey | None = None
    published: KnownKey | None = None
    stored: KnownKey | None = None
    resets: bool = False


class SignatureCheck(NamedTuple):
    """What came of looking at one signature.

    Attributes:
        what: What is signed.
        verified: Whether the signature holds; None when that cannot be told.
        detail: By whom it is and over what it holds, or why that cannot be told.
    """

    what: str
    verified: bool | None
    detail: str


class RootKeyDecision(NamedTuple):
    """What was decided about the trusted root key.

    Attributes:
        standing: How the client stands with it.
        source: Where the key is known from; None when there is none.
        detail: Which record of that, for a person.
        fingerprint: SHA-256 of the key as the product writes it, in hexadecimal; empty when there is none.
        reasons: The rules that decided, in order. Never empty.
        checks: Signatures that came with the key of a management point, and what they prove.
    """

    standing: KeyStanding
    source: KeySource | None = None
    detail: str = ""
    fingerprint: str = ""
    reasons: tuple[Reason, ...] = ()
    checks: tuple[SignatureCheck, ...] = ()


class StoredRootKey(NamedTuple):
    """The root key that a client keeps.

    Attributes:
        blob: The key as the product writes it, in hexadecimal.
        source: Where it came from.
        detail: Which record of that.
        saved_at: When, by the wall clock; aware.
    """

    blob: str
    source: KeySource
    detail: str
    saved_at: datetime
