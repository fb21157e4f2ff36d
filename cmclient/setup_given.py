"""What a setup line says of where files and management points come from."""

from typing import Any

from .model.client_setup import SetupPlan, SetupSearch
from .model.endpoints import InternetAddress
from .protocol.setupline import SetupLine
from .rules.setup_outlook import SetupGiven
from .rules.setup_search import plan_setup_search
from .setup_settings import read_setup_settings

__all__ = ["read_setup_given"]

_USUAL = SetupPlan(SetupSearch.NONE)


def read_setup_given(line: SetupLine) -> SetupGiven:
    """What a line without faults says; nobody is asked."""
    said: dict[str, Any] = {name: value for name, value, _ in read_setup_settings(line)}
    plan = plan_setup_search(
        said.get("setup_mps", ()),
        said.get("setup_sources", ()),
        retry=said.get("setup_retry", _USUAL.retry),
        timeout=said.get("setup_timeout", _USUAL.timeout),
    )
    server: InternetAddress | None = said.get("internet_mp")
    return SetupGiven(
        plan,
        site=said.get("site_code") or "",
        suffix=said.get("dns_suffix") or "",
        has_first_mp=bool(said.get("management_points")),
        internet_server=server is not None,
        gateway=any(one is not None and one.gateway is not None for one in (server, *plan.given)),
        always_internet=said.get("always_internet", False),
        pki=said.get("use_pki_cert", False),
        token=line.find("/regtoken") is not None,
        signing_certificate=line.find("SMSSIGNCERT") is not None,
        fsp=said.get("fsp") is not None,
        newest=said.get("setup_newest", False),
    )
