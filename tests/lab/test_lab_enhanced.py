"""A site with enhanced HTTP: set to HTTP, and answering on HTTPS with a certificate of its own."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path

import pytest

import cmclient
from cmclient.assemble import Run, open_locator
from cmclient.config import load_config
from cmclient.lab import Lab
from cmclient.lab.description_file import built_in_description, built_in_text, parse_description
from cmclient.lab.faults import Role
from cmclient.model.decision import SourceKind
from cmclient.model.http import Attempt
from cmclient.model.names import HostName


@contextmanager
def site(mp1: str) -> Iterator[Lab]:
    """The lab that is built in, with all management points set to HTTP but the first one."""
    head, _, rest = built_in_text().partition("[[management_points]]")
    points, _, others = rest.partition("[[distribution_points]]")
    points = points.replace('protocols = "https"', 'protocols = "http"').replace('protocols = "http"', mp1, 1)
    with Lab(parse_description(f"{head}[[management_points]]{points}[[distribution_points]]{others}")) as lab:
        yield lab


def locate(lab: Lab, folder: Path, **changes: object) -> cmclient.Location:
    values = {**lab.settings(), "store": str(folder / "store.sqlite3"), **changes}
    with open_locator(load_config(overrides=values), Run(facts=lab.client_facts())) as locator:
        return locator.locate()


def secure_attempts(location: cmclient.Location) -> list[Attempt]:
    return [attempt for attempt in location.attempts if attempt.endpoint.scheme.value == "https"]


SET_TO_HTTP = 'protocols = "http"\nenhanced_http = true'


@pytest.mark.rule("TR-070", "MP-033")
def test_set_to_http__answers_on_https_too_with_a_certificate_that_pki_does_not_know(tmp_path: Path) -> None:
    with site(SET_TO_HTTP) as lab:
        location = locate(lab, tmp_path)
    (refused,) = secure_attempts(location)
    assert (refused.code, refused.endpoint.host) == ("server-certificate", "mp1.corp.contoso.test")
    assert "issuer CN=SMS Issuing" in refused.detail
    assert "enhanced HTTP" in refused.hint
    assert location.endpoint is not None
    assert location.endpoint.scheme.value == "http"
    chosen = location.chosen
    assert chosen is not None


@pytest.mark.rule("TR-070", "MP-033")
def test_set_to_http__who_trusts_the_sites_root_uses_https(tmp_path: Path) -> None:
    with site(SET_TO_HTTP) as lab:
        trusted = tmp_path / "trusted.pem"
        assert lab.running.issuing_file is not None
        trusted.write_bytes(Path(lab.running.ca_file).read_bytes() + Path(lab.running.issuing_file).read_bytes())
        location = locate(lab, tmp_path, ca_file=str(trusted), crl_check=False)
    assert location.endpoint is not None
    assert str(location.endpoint).startswith("https://mp1.corp.contoso.test")
    published = [
        candidate.mp.ssl_state
        for candidate in location.decision.candidates
        if candidate.mp.host == "mp1.corp.contoso.test"
        and any(origin.source is SourceKind.DIRECTORY for origin in candidate.origins)
    ]
    assert published == [1]


@pytest.mark.rule("TR-072", "MP-033")
def test_with_a_pki_certificate__that_one_is_shown(tmp_path: Path) -> None:
    with site('protocols = "both"\nenhanced_http = true') as lab:
        location = locate(lab, tmp_path)
        assert lab.running.issuing_file is None
    assert [attempt.code for attempt in secure_attempts(location) if attempt.code] == []
    assert str(location.endpoint).startswith("https://mp1.corp.contoso.test")


@pytest.mark.rule("TR-070")
def test_without_enhanced_http__there_is_no_https(tmp_path: Path) -> None:
    with site('protocols = "http"') as lab:
        assert secure_attempts(locate(lab, tmp_path)) == []


@pytest.mark.rule("TR-073")
@pytest.mark.parametrize(("enhanced", "status"), [(True, 401), (False, 200)])
def test_distribution_point__of_enhanced_http_serves_nobody_unknown(enhanced: bool, status: int) -> None:  # noqa: FBT001
    described = built_in_description()
    systems = tuple(
        system._replace(enhanced=enhanced) if system.role is Role.DP else system for system in described.systems
    )
    host = HostName("dp1.corp.contoso.test")
    with Lab(described._replace(systems=systems)) as lab:
        address = described.addresses[host]
        with closing(HTTPConnection(address, lab.running.web.http, timeout=5)) as connection:
            connection.request("GET", "/SMS_DP_SMSPKG$", headers={"Host": host})
            assert connection.getresponse().status == status
