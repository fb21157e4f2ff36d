"""Logging in to Active Directory and to Apache by Kerberos and NTLM."""

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import pytest
from integration import apache, realm, samba
from integration.apache import Apache, Visit
from integration.commandline import Command
from integration.conftest import require_programs
from integration.hierarchy import DOMAIN, READER, READER_PASSWORD, WEB, WRONG_PASSWORD
from integration.realm import Realm, make_realm
from integration.realsite import Changes

from cmclient.assemble import Run, open_ports
from cmclient.config import load_config
from cmclient.errors import AuthenticationError
from cmclient.model.endpoints import Endpoint, Scheme
from cmclient.model.facts import Membership, NetworkFacts
from cmclient.model.http import Deadline, HttpReply, HttpRequest
from cmclient.model.names import HostName

pytestmark = pytest.mark.integration

MEMBER = ("--domain", DOMAIN, "--site-code", "BER")
BY_PASSWORD: Changes = {"directory_user": READER, "directory_password_file": "password"}
BY_NETBIOS_NAME: Changes = {"directory_user": r"CORP\reader", "directory_password_file": "password"}
BY_KEYTAB: Changes = {"directory_user": READER, "directory_keytab": "reader.keytab"}
KERBEROS: Changes = {"directory_authentication": "kerberos"}
NTLM: Changes = {"directory_authentication": "ntlm"}
LDAPS: Changes = {"directory_security": "ldaps"}
STARTTLS: Changes = {"directory_security": "starttls"}
STRANGER = f"stranger.{DOMAIN}"  # has the address of the web server, and the domain has no key for it
PUBLISHED = 6  # management points that the directory names, good ones and others
SEALED: Changes = {"directory_security": "sealed"}


@pytest.fixture(scope="module")
def domain() -> Iterator[Realm]:
    require_programs(*samba.PROGRAMS, *realm.PROGRAMS, *apache.PROGRAMS)
    pytest.importorskip("gssapi", reason="the extra 'kerberos' is not installed")
    with make_realm() as made:
        yield made


@pytest.fixture(scope="module", params=["yes", "allow_sasl_over_tls", "no"])
def demand(request: pytest.FixtureRequest, domain: Realm) -> Iterator[str]:
    """The domain controller, up, and what it demands."""
    demanded: str = request.param
    domain.controller.demand(demanded)
    with domain.controller.start():
        yield demanded


def with_files(domain: Realm, changes: Changes) -> Changes:
    names = {key: domain.file(str(value)) for key, value in changes.items() if key.endswith(("_file", "_keytab"))}
    return domain.member() | changes | names


@pytest.mark.parametrize(
    ("changes", "refused_by"),
    [
        pytest.param(BY_PASSWORD, set(), id="simple"),
        pytest.param(BY_KEYTAB, set(), id="keytab"),
        pytest.param(BY_PASSWORD | KERBEROS, set(), id="Kerberos"),
        pytest.param(BY_PASSWORD | NTLM, set(), id="NTLM"),
        pytest.param(BY_NETBIOS_NAME | NTLM, set(), id="NTLM by the short name"),
        pytest.param(BY_NETBIOS_NAME | SEALED, set(), id="Kerberos does not know the name, NTLM does"),
        pytest.param(BY_PASSWORD | KERBEROS | LDAPS, {"yes"}, id="Kerberos in LDAPS"),
        pytest.param(BY_KEYTAB | STARTTLS, {"yes"}, id="Kerberos in STARTTLS"),
        pytest.param(BY_PASSWORD | NTLM | LDAPS, {"yes"}, id="NTLM in LDAPS"),
    ],
)
def test_directory__every_login_that_it_takes(
    domain: Realm,
    demand: str,
    command: Command,
    changes: Changes,
    refused_by: set[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in domain.environment().items():
        monkeypatch.setenv(name, value)
    outcome = command("locate", *MEMBER, settings=with_files(domain, changes))
    source = outcome.sources["directory"]
    if demand in refused_by:
        assert source["code"] == "directory-refused"
        assert "sealed" in json.dumps(outcome.document)
    else:
        assert (source["code"], source["found"]) == ("", PUBLISHED)
    assert READER_PASSWORD not in json.dumps(outcome.document) + outcome.errors


def test_directory__a_ticket_is_enough(
    domain: Realm, demand: str, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in domain.get_ticket().items():
        monkeypatch.setenv(name, value)
    outcome = command("locate", *MEMBER, settings=domain.member())
    assert (outcome.sources["directory"]["code"], outcome.sources["directory"]["found"]) == ("", PUBLISHED)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (BY_PASSWORD | KERBEROS | {"directory_password_file": "wrong-password"}, "the password or the key is wrong"),
        (BY_PASSWORD | NTLM | {"directory_password_file": "wrong-password"}, "refused the login"),
        (BY_PASSWORD | KERBEROS | {"directory_user": "nobody@corp.test"}, "the domain does not know the user"),
        (KERBEROS, "there is no Kerberos ticket"),
        (KERBEROS | {"directory_keytab": "no.keytab"}, "the keytab has no key that fits"),
    ],
)
@pytest.mark.parametrize("demand", ["yes"], indirect=True)
def test_directory__a_login_that_fails_says_why(
    domain: Realm, demand: str, command: Command, changes: Changes, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in domain.environment().items():
        monkeypatch.setenv(name, value)
    outcome = command("locate", *MEMBER, settings=with_files(domain, changes))
    told = json.dumps(outcome.document)
    assert outcome.sources["directory"]["code"] == "directory-refused"
    assert said in told
    assert WRONG_PASSWORD not in told + outcome.errors


# A distribution point


@pytest.fixture(scope="module")
def web(domain: Realm, demand: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Apache]:
    folder = domain.folder.parent / f"apache-{demand}"
    folder.mkdir()
    domain.folder.parent.chmod(0o755)
    keytab = folder / "web.keytab"
    keytab.write_bytes(Path(domain.file("web.keytab")).read_bytes())
    users = (("CORP", "reader", READER_PASSWORD),)
    address = domain.block.address(0, 60)
    server = Apache(folder, name=WEB, address=address, authority=domain.authority, keytab=keytab, users=users)
    domain.controller.publish((name.partition(".")[0], "A", address) for name in (WEB, STRANGER))
    with server.start():
        yield server


@pytest.fixture
def ask(domain: Realm, web: Apache, monkeypatch: pytest.MonkeyPatch) -> Iterator["Asker"]:
    with ExitStack() as stack:
        yield Asker(domain, web, monkeypatch, stack)


_NUMBERS = count(1)


class Asker:
    """Asks the web server for its file, as the product does with these settings."""

    def __init__(self, domain: Realm, web: Apache, monkeypatch: pytest.MonkeyPatch, stack: ExitStack) -> None:
        self._domain = domain
        self._web = web
        self._monkeypatch = monkeypatch
        self._stack = stack

    def __call__(
        self,
        port: int,
        *,
        scheme: Scheme = Scheme.HTTP,
        has_ticket: bool = False,
        host: str = WEB,
        membership: Membership = Membership.DOMAIN,
        **changes: object,
    ) -> tuple[HttpReply, list[Visit]]:
        variables = self._domain.get_ticket() if has_ticket else self._domain.environment()
        for name, value in variables.items():
            self._monkeypatch.setenv(name, value)
        config = load_config(options=with_files(self._domain, changes))
        world = self._stack.enter_context(
            open_ports(config, Run(facts=NetworkFacts(membership=membership), remembers=False))
        )
        path = f"/file.bin?{next(_NUMBERS)}."
        request = HttpRequest(Endpoint(scheme, HostName(host), port), path, may_log_in=True)
        reply = world.transport.send(request, Deadline.after(20, time.monotonic))
        return reply, self._web.visits(port, path, last=reply.status)


ONE = pytest.mark.parametrize("demand", ["yes"], indirect=True)
ACCOUNT = {"http_user": READER, "http_password_file": "password"}
SHORT = {"http_user": r"CORP\reader", "http_password_file": "password"}


@ONE
@pytest.mark.rule("CL-021")
def test_web__anonymous_first_then_the_own_account(ask: Asker) -> None:
    reply, visits = ask(apache.HTTP_KERBEROS, has_ticket=True)
    assert reply.body == apache.CONTENT
    assert [(visit.status, visit.user, visit.sent) for visit in visits] == [
        (401, "-", "-"),
        (200, "reader@CORP.TEST", "Negotiate"),
    ]
    reply, visits = ask(apache.HTTP_ANONYMOUS, has_ticket=True)
    assert [(visit.status, visit.sent) for visit in visits] == [(200, "-")]


@ONE
@pytest.mark.rule("CF-030", "CL-021")
def test_web__a_workgroup_client_shows_the_account_that_was_given(ask: Asker) -> None:
    with pytest.raises(AuthenticationError):
        ask(apache.HTTP_NTLM, has_ticket=True)
    reply, visits = ask(apache.HTTP_NTLM, membership=Membership.WORKGROUP, **SHORT)
    assert reply.body == apache.CONTENT
    assert visits[-1].user.endswith("reader")
    assert ask(apache.HTTP_KERBEROS, has_ticket=True, membership=Membership.WORKGROUP)[0].status == 401


@ONE
@pytest.mark.rule("CL-022")
@pytest.mark.parametrize(
    ("port", "changes"),
    [
        (apache.HTTPS_KERBEROS, ACCOUNT),
        (apache.HTTPS_KERBEROS, {"http_user": READER, "http_keytab": "reader.keytab"}),
        (apache.HTTPS_NTLM, SHORT),
    ],
)
def test_web__over_tls(ask: Asker, port: int, changes: dict[str, object]) -> None:
    reply, visits = ask(port, scheme=Scheme.HTTPS, **changes)
    assert reply.body == apache.CONTENT
    assert visits[0].sent == "-"
    assert "reader" in visits[-1].user


@ONE
def test_web__ntlm_takes_one_connection(ask: Asker) -> None:
    _, visits = ask(apache.HTTP_NTLM, http_authentication="ntlm", membership=Membership.WORKGROUP, **SHORT)
    assert [visit.status for visit in visits] == [401, 401, 200]
    assert len({visit.connection for visit in visits}) == 1


@ONE
@pytest.mark.parametrize(
    ("port", "changes", "reason"),
    [
        (apache.HTTP_KERBEROS, {}, "no-ticket"),
        (apache.HTTP_KERBEROS, ACCOUNT | {"http_password_file": "wrong-password"}, "wrong-password"),
        (apache.HTTP_NTLM, SHORT | {"http_password_file": "wrong-password", "http_authentication": "ntlm"}, "refused"),
        (
            apache.HTTP_KERBEROS,
            ACCOUNT | {"host": f"stranger.{DOMAIN}", "http_authentication": "kerberos"},
            "unknown-service",
        ),
        (apache.HTTP_BASIC, ACCOUNT, "only-basic"),
    ],
)
def test_web__a_login_that_fails_says_why(ask: Asker, port: int, changes: dict[str, object], reason: str) -> None:
    with pytest.raises(AuthenticationError) as caught:
        ask(port, **changes)  # type: ignore[arg-type]
    assert caught.value.reason == reason
    assert caught.value.hint or reason == "only-basic"
    assert WRONG_PASSWORD not in caught.value.message


@ONE
def test_web__password_is_never_sent_in_basic(ask: Asker, web: Apache) -> None:
    with pytest.raises(AuthenticationError):
        ask(apache.HTTP_BASIC, has_ticket=True, **ACCOUNT)
    assert {visit.sent for visit in web.visits(apache.HTTP_BASIC, "/", last=401)} == {"-"}


# A management point


@ONE
@pytest.mark.rule("CF-012")
@pytest.mark.parametrize(("scheme", "port"), [("https", apache.HTTPS_KERBEROS), ("http", apache.HTTP_KERBEROS)])
@pytest.mark.parametrize("who", [("--domain", DOMAIN), ("--domain", "", "--set", f"http_user={READER}")])
def test_management_point__learns_who_asks_only_over_https(
    domain: Realm,
    web: Apache,
    command: Command,
    monkeypatch: pytest.MonkeyPatch,
    scheme: str,
    port: int,
    who: tuple[str, ...],
) -> None:
    for name, value in domain.get_ticket().items():
        monkeypatch.setenv(name, value)
    certificate = {
        "use_pki_cert": "yes",
        "client_certificate": domain.file("client.pem"),
        "certificate_name_check": "no",
    }
    settings = (
        domain.member() | {"site_code": "BER", f"{scheme}_port": port} | (certificate if scheme == "https" else {})
    )
    outcome = command("locate", *who, "--mp", f"{scheme}://{WEB}:{port}".removeprefix("http://"), settings=settings)
    last = 200 if scheme == "https" else 401
    visits = [(visit.status, visit.user) for visit in web.visits(port, "/SMS_MP", last=last)]
    if scheme == "https":
        assert outcome.chosen == f"https://{WEB}:{port}"
        assert visits[-2:] == [(401, "-"), (200, "reader@CORP.TEST")]
    else:
        assert {user for _, user in visits} == {"-"}
        assert "management points are told who asks over HTTPS alone" in json.dumps(outcome.document)
