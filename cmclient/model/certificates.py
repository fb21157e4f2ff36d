"""Certificates as far as decisions need them: who they are for, who says so, until when. None of these holds a key."""

from datetime import datetime
from enum import Enum
from typing import NamedTuple

from .decision import Reason
from .settings import PERSONAL_STORE

__all__ = [
    "Attributes",
    "CertificateCriterion",
    "CertificateEvaluation",
    "CertificateSelection",
    "CertificateWish",
    "ClientCertificate",
    "CriterionKind",
    "HeldCertificate",
    "KeyState",
    "ServerCertificate",
]

Attributes = tuple[tuple[str, str], ...]
"""Attributes of a name, as (object identifier, value), in the order of the certificate."""


class ClientCertificate(NamedTuple):
    """The client certificate that is used, as far as it could be read.

    Attributes:
        subject: Its subject, as one line of text (RFC 4514); empty when it could not be read.
        issuer: Its issuer, likewise.
        not_before: From when it is valid, in UTC, ISO 8601; empty when it could not be read.
        not_after: Until when it is valid, likewise.
        problem: Why it cannot be used, as the end of a sentence; empty when it can.
    """

    subject: str = ""
    issuer: str = ""
    not_before: str = ""
    not_after: str = ""
    problem: str = ""


class ServerCertificate(NamedTuple):
    """The certificate of a server that was refused; texts are printable and not long, empty when not known.

    Attributes:
        subject: Its subject, as one line of text.
        issuer: Its issuer, likewise.
        not_before: From when it is valid, in UTC, ISO 8601.
        not_after: Until when it is valid, likewise.
        names: Its subject alternative names, in its order; the first eight.
        expected: The name that the server was asked for by.
    """

    subject: str = ""
    issuer: str = ""
    not_before: str = ""
    not_after: str = ""
    names: tuple[str, ...] = ()
    expected: str = ""


class KeyState(Enum):
    """Whether the private key of a certificate is at hand."""

    THERE = "there"
    MISSING = "missing"
    PROTECTED = "protected by a password"
    OF_ANOTHER = "of another certificate"
    UNREADABLE = "unreadable"


class HeldCertificate(NamedTuple):
    """A certificate that this machine holds, or what could not be read as one.

    Attributes:
        where: File or store, and which certificate in it where there are several.
        subject: Its subject, as one line of text (RFC 4514); empty when it could not be read.
        issuer: Its issuer, likewise.
        attributes: The attributes of its subject.
        alternatives: Its subject alternative names, in its order.
        not_before: From when it is valid, aware; None when it could not be read.
        not_after: Until when, likewise.
        purposes: Object identifiers of what it is meant for; None when it does not say, which means anything.
        issuers: The attributes of every authority of its chain, from its issuer upwards, as far as they are known.
        store: The store that it is in.
        key: Whether its private key is at hand.
        problem: Why it cannot be used, as far as reading shows that; the end of a sentence, empty for nothing.
        warnings: What should be put right about it, and does not keep it from being used.
    """

    where: str
    subject: str = ""
    issuer: str = ""
    attributes: Attributes = ()
    alternatives: tuple[str, ...] = ()
    not_before: datetime | None = None
    not_after: datetime | None = None
    purposes: frozenset[str] | None = None
    issuers: tuple[Attributes, ...] = ()
    store: str = PERSONAL_STORE
    key: KeyState = KeyState.MISSING
    problem: str = ""
    warnings: tuple[str, ...] = ()


class CriterionKind(Enum):
    """How a criterion compares."""

    SUBJECT = "Subject"
    SUBJECT_PART = "SubjectStr"
    ATTRIBUTE = "SubjectAttr"


class CertificateCriterion(NamedTuple):
    """Which certificate to take, as ``CCMCERTSEL`` says it.

    Attributes:
        kind: How it compares.
        text: What is looked for.
        attribute: Object identifier of the attribute that has it; only for ``ATTRIBUTE``.
    """

    kind: CriterionKind
    text: str
    attribute: str = ""


class CertificateWish(NamedTuple):
    """What is asked of a client certificate.

    Attributes:
        computer: The name of this computer, whose first label the subject must hold; None when it is not known.
        criterion: A criterion of the site; None for none.
        issuers: The certificate issuers list: attributes of root authorities; None when there is none.
        store: The store to look in.
        checks_name: Whether the name of the computer counts.
        chosen_by_hand: Whether somebody named this one certificate, so that its name need not tell whose it is.
        takes_longest: Of several that fit, take the one that is valid longest; else none.
        takes_first: Take the first that fits, as Macs and mobile devices do.
        subject_only: Its alternative names do not count, as for Macs.
        issuers_origin: Where the certificate issuers list comes from, for a person; empty when that is not known.
    """

    computer: str | None = None
    criterion: CertificateCriterion | None = None
    issuers: tuple[Attributes, ...] | None = None
    store: str = PERSONAL_STORE
    checks_name: bool = True
    chosen_by_hand: bool = False
    takes_longest: bool = True
    takes_first: bool = False
    subject_only: bool = False
    issuers_origin: str = ""


class CertificateEvaluation(NamedTuple):
    """One certificate judged.

    Attributes:
        certificate: The certificate.
        fits: Whether it passed every filter.
        reasons: Why, each with its rule; the last one decided.
    """

    certificate: HeldCertificate
    fits: bool
    reasons: tuple[Reason, ...]


class CertificateSelection(NamedTuple):
    """Which certificate a client uses, and why not the others.

    Attributes:
        chosen: The certificate to use; None when there is none.
        ranked: Those that fit, best first.
        rejected: Those that do not, in the order in which they were read.
        why: What decided between those that fit, or why there is none.
    """

    chosen: HeldCertificate | None
    ranked: tuple[CertificateEvaluation, ...]
    rejected: tuple[CertificateEvaluation, ...]
    why: Reason
