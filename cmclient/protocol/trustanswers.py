"""Answers about keys as a lab writes them, in the shape of the real ones."""

from ..model.trust import MpKeyInformation

__all__ = ["build_mp_key_information"]


def build_mp_key_information(told: MpKeyInformation) -> bytes:
    """Write the answer to MPKEYINFORMATION; what is None or empty is left out."""
    parts = [_element("TRUSTEDROOTKEY", told.root_key.key.text, told.root_key.signature)]
    if told.certificate:
        parts.append(_element("MPCERTIFICATE", told.certificate.hex().upper(), told.certificate_signature))
    named = {"SITECODE": told.site_code, "MACHINENAME": told.machine_name, "FQDN": told.fqdn}
    named["AssignmentSiteCode"] = told.assignment_site
    parts += [_element(name, value) for name, value in named.items() if value]
    return f"<MPKEYINFORMATION>{''.join(parts)}</MPKEYINFORMATION>".encode("ascii")


def _element(name: str, text: str, signature: bytes = b"") -> str:
    said = f' Signature="{signature.hex().upper()}"' if signature else ""
    return f"<{name}{said}>{text}</{name}>"
