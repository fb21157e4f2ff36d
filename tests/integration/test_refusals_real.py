"""A directory that refuses, or that is refused, and what is never sent to one."""

import json
from pathlib import Path

import pytest
from integration.commandline import Command
from integration.hierarchy import DOMAIN, READER_PASSWORD, WRONG_PASSWORD, require
from integration.realsite import Changes, RealSite
from integration.servers import Trap

from cmclient.assemble import Run, open_locator
from cmclient.config import load_config
from cmclient.model.decision import SourceKind
from cmclient.model.directory import DirectorySecurity
from cmclient.model.names import SiteCode
from cmclient.protocol.saved import parse_facts

pytestmark = pytest.mark.integration

BER1 = require("ber1")
MEMBER = ("--domain", DOMAIN, "--site-code", "BER")
CLEAR: Changes = {"directory_security": "clear"}
CLEAR_ALLOWED: Changes = CLEAR | {"directory_allow_clear_text_bind": "yes"}


@pytest.mark.rule("AD-003")
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"directory_password_file": "wrong-password"}, "directory-refused"),
        ({"directory_user": "nobody@corp.test"}, "directory-refused"),
        ({"directory_user": None, "directory_password_file": None}, "directory-refused"),
        (CLEAR_ALLOWED, "directory-refused"),
        ({"directory_ca_file": "other-ca.pem"}, "directory-trust"),
        ({"directory_ca_file": "other-ca.pem", "directory_security": "ldaps"}, "directory-trust"),
    ],
    ids=["password", "user", "anonymous", "clear text", "CA", "CA of LDAPS"],
)
def test_a_directory_that_refuses_or_is_refused_leads_to_dns(
    real_site: RealSite, command: Command, changes: Changes, code: str
) -> None:
    files = {key: real_site.file(str(value)) for key, value in changes.items() if key.endswith("_file") and value}
    outcome = command("locate", *MEMBER, settings=real_site.member() | changes | files)
    assert outcome.code == 0
    assert outcome.asked == ["installation", "directory", "dns", "mp-list"]
    assert outcome.sources["directory"]["code"] == code
    assert outcome.chosen == BER1.url
    said = json.dumps(outcome.document) + outcome.errors
    assert READER_PASSWORD not in said
    assert WRONG_PASSWORD not in said


@pytest.mark.parametrize("allowed", [False, True])
def test_a_password_is_not_sent_in_clear_text_unless_that_is_allowed(
    real_site: RealSite, command: Command, trap: Trap, tmp_path: Path, *, allowed: bool
) -> None:
    facts = parse_facts(json.dumps(command("facts", "--domain", DOMAIN, settings=real_site.member()).document).encode())
    safe = load_config(options=real_site.member() | {"directory_servers": trap.server, "directory_timeout": 1})
    config = safe._replace(
        directory_security=DirectorySecurity.CLEAR,
        directory_allow_clear_text_bind=allowed,
        site_code=SiteCode("BER"),
        store=str(tmp_path / "store.sqlite3"),
    )
    with open_locator(config, Run(facts=facts)) as locator:  # with such facts nobody is pinged any more
        location = locator.locate()
    (directory,) = [report for report in location.sources if report.source is SourceKind.DIRECTORY]
    assert directory.code == ("directory-timeout" if allowed else "directory-refused")
    assert trap.visits() == ({"TCP"} if allowed else set())
    assert str(location.endpoint) == BER1.url


def test_settings_that_would_send_it_in_clear_text_are_refused(
    real_site: RealSite, command: Command, trap: Trap
) -> None:
    outcome = command("locate", *MEMBER, settings=real_site.member() | CLEAR | {"directory_servers": trap.server})
    assert outcome.code == 2
    assert "directory_allow_clear_text_bind" in outcome.errors
    assert trap.visits() == set()
