"""How client setup says which certificate to take: ``CCMCERTSEL`` and ``CCMCERTISSUERS``."""

import re

from ..errors import InvalidValueError
from ..model.certificates import Attributes, CertificateCriterion, CriterionKind
from ..model.rule import decides

__all__ = ["ATTRIBUTE_NAMES", "SUBJECT_ALTERNATIVE_NAME", "parse_criterion", "parse_issuers"]

SUBJECT_ALTERNATIVE_NAME = "2.5.29.17"
"""No attribute of a subject, and still among those that a criterion may name."""

ATTRIBUTE_NAMES = {
    "DC": "0.9.2342.19200300.100.1.25",
    "E": "1.2.840.113549.1.9.1",
    "CN": "2.5.4.3",
    "SN": "2.5.4.4",
    "SERIALNUMBER": "2.5.4.5",
    "C": "2.5.4.6",
    "L": "2.5.4.7",
    "S": "2.5.4.8",
    "ST": "2.5.4.8",
    "STREET": "2.5.4.9",
    "O": "2.5.4.10",
    "OU": "2.5.4.11",
    "T": "2.5.4.12",
    "G": "2.5.4.42",
    "GN": "2.5.4.42",
    "I": "2.5.4.43",
    "SAN": SUBJECT_ALTERNATIVE_NAME,
}
"""Object identifiers by short name. ``SN`` is the surname of X.520, whatever the pages call it."""

_KINDS = {kind.value.lower(): kind for kind in CriterionKind}
_MOST = 4096  # characters: against a text that is something else
_MOST_ISSUERS = 100  # authorities of a list
_DOTTED = r"[0-2](\.(0|[1-9][0-9]{0,20})){1,30}"


def parse_criterion(text: str) -> CertificateCriterion:
    """Read ``Subject:TEXT``, ``SubjectStr:TEXT`` or ``SubjectAttr:ATTRIBUTE=TEXT``.

    Raises:
        InvalidValueError: It has none of these forms, or names an attribute that is not supported.
    """
    keyword, _, wanted = text.partition(":")
    kind = _KINDS.get(keyword.strip().lower())
    wanted = wanted.strip()
    if kind is None or not wanted or len(text) > _MOST:
        reason = "it does not begin with Subject:, SubjectStr: or SubjectAttr: and go on with what to find"
        raise InvalidValueError("certificate criterion", text, reason)
    if kind is not CriterionKind.ATTRIBUTE:
        return CertificateCriterion(kind, wanted)
    attribute, _, value = wanted.partition("=")
    if not (attribute.strip() and value.strip()):
        reason = "it names no attribute and value, as in SubjectAttr:OU = Computers"
        raise InvalidValueError("certificate criterion", text, reason)
    return CertificateCriterion(kind, value.strip(), _attribute(attribute.strip(), text))


@decides("TR-013", "TR-014")
def _attribute(name: str, text: str) -> str:
    found = ATTRIBUTE_NAMES.get(name.upper())
    if found is None and name in ATTRIBUTE_NAMES.values():
        found = name
    if found is None:
        known = ", ".join(ATTRIBUTE_NAMES)
        raise InvalidValueError("certificate criterion", text, f"attributes are {known}, and their object identifiers")
    return found


@decides("TR-016")
def parse_issuers(text: str) -> tuple[Attributes, ...]:
    """Read a certificate issuers list: ``CN=Root A; O=Contoso, Ltd | CN=Root B``.

    A part without an equals sign goes on with the value before it: values may hold commas.

    Returns:
        The authorities in order, each with the attributes that its subject must have; at least one.

    Raises:
        InvalidValueError: An authority has no attribute, or one that is not known.
    """
    authorities = tuple(_authority(part, text) for part in text.split("|"))
    if len(authorities) > _MOST_ISSUERS or len(text) > _MOST:
        raise InvalidValueError("list of certificate issuers", text, "it is too long")
    return authorities


def _authority(part: str, text: str) -> Attributes:
    found: list[tuple[str, str]] = []
    for piece in re.split(r"(?<=[,;])", part):
        bare = piece.strip().rstrip(",;").strip()
        name, equals, value = bare.partition("=")
        if equals and (oid := _identifier(name.strip())):
            found.append((oid, value.strip()))
        elif found and bare:
            found[-1] = (found[-1][0], f"{found[-1][1]}, {bare}")
        elif bare:
            reason = "a part between bars names no attribute, as in CN=Example Root CA"
            raise InvalidValueError("list of certificate issuers", text, reason)
    if not found or not all(value for _, value in found):
        reason = "a part between bars names no attribute with a value, as in CN=Example Root CA"
        raise InvalidValueError("list of certificate issuers", text, reason)
    return tuple(found)


def _identifier(name: str) -> str:
    return ATTRIBUTE_NAMES.get(name.upper(), name if re.fullmatch(_DOTTED, name) else "")
