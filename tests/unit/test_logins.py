"""As whom a client logs in, how, and what it says when that failed."""

import getpass
import hashlib
import ssl
import sys

import pytest
import trustme

from cmclient.adapters.login_problems import REASONS, LoginProblem, find_problem
from cmclient.adapters.negotiate import endpoint_bindings
from cmclient.assemble_login import find_http_logins
from cmclient.cli.prompt import ask_http_password
from cmclient.config import load_config
from cmclient.errors import ConfigError
from cmclient.model.directory import DirectorySecurity
from cmclient.model.endpoints import Scheme
from cmclient.model.facts import Membership
from cmclient.model.login import Authentication, DirectoryAuthentication, Login, Mechanism, Proof
from cmclient.model.secret import Secret
from cmclient.rules.login import plan_directory_logins, plan_logins, plan_proofs

KERBEROS, NTLM = Mechanism.KERBEROS, Mechanism.NTLM
OWN, GIVEN, ANONYMOUS, CERTIFICATE = Proof.OWN_ACCOUNT, Proof.GIVEN_ACCOUNT, Proof.ANONYMOUS, Proof.CERTIFICATE
USER, PASSWORD = "svc@corp.test", Secret("x")


@pytest.mark.parametrize(
    ("scheme", "membership", "certificate", "account", "expected"),
    [
        pytest.param(
            *(Scheme.HTTP, Membership.DOMAIN, False, True, (ANONYMOUS, OWN, GIVEN)),
            marks=pytest.mark.rule("CL-021"),
            id="HTTP",
        ),
        pytest.param(
            *(Scheme.HTTP, Membership.DOMAIN, True, False, (ANONYMOUS, OWN)),
            marks=pytest.mark.rule("CL-021"),
            id="HTTP, no certificate can be shown",
        ),
        pytest.param(
            *(Scheme.HTTPS, Membership.DOMAIN, True, True, (CERTIFICATE, OWN, GIVEN)),
            marks=pytest.mark.rule("CL-022"),
            id="HTTPS",
        ),
        pytest.param(
            *(Scheme.HTTPS, Membership.DOMAIN, False, True, (ANONYMOUS, OWN, GIVEN)),
            marks=pytest.mark.rule("CL-022"),
            id="HTTPS, none to show",
        ),
        pytest.param(
            *(Scheme.HTTP, Membership.WORKGROUP, False, True, (ANONYMOUS, GIVEN)),
            marks=pytest.mark.rule("CF-030"),
            id="workgroup",
        ),
        pytest.param(
            *(Scheme.HTTP, Membership.WORKGROUP, False, False, (ANONYMOUS,)),
            marks=pytest.mark.rule("CF-030"),
            id="workgroup without an account",
        ),
        pytest.param(*(Scheme.HTTP, Membership.UNKNOWN, False, True, (ANONYMOUS, OWN, GIVEN)), id="not known"),
    ],
)
def test_proofs__in_their_order(
    scheme: Scheme, membership: Membership, expected: tuple[Proof, ...], *, certificate: bool, account: bool
) -> None:
    assert plan_proofs(scheme, membership, has_certificate=certificate, has_account=account) == expected


@pytest.mark.parametrize(
    ("proofs", "allowed", "given", "expected"),
    [
        pytest.param((ANONYMOUS, OWN), Authentication.AUTO, {}, (Login(KERBEROS),), id="own account: never NTLM"),
        pytest.param((OWN,), Authentication.NTLM, {}, (Login(NTLM),), id="own account: NTLM in so many words"),
        pytest.param(
            (OWN, GIVEN),
            Authentication.AUTO,
            {"user": USER, "password": PASSWORD},
            (Login(KERBEROS), Login(KERBEROS, USER, PASSWORD), Login(NTLM, USER, PASSWORD)),
            id="Kerberos, then NTLM",
        ),
        pytest.param(
            (GIVEN,),
            Authentication.AUTO,
            {"keytab": "/k"},
            (Login(KERBEROS, keytab="/k"),),
            id="keytab: Kerberos alone",
        ),
        pytest.param(
            (GIVEN,),
            Authentication.AUTO,
            {"user": USER, "password": PASSWORD, "keytab": "/k"},
            (Login(KERBEROS, USER, None, "/k"), Login(NTLM, USER, PASSWORD)),
            id="keytab and password",
        ),
        pytest.param((GIVEN,), Authentication.AUTO, {"user": USER}, (Login(KERBEROS, USER),), id="that user's ticket"),
        pytest.param((OWN, GIVEN), Authentication.NONE, {"user": USER, "password": PASSWORD}, (), id="none"),
    ],
)
def test_logins__of_proofs(
    proofs: tuple[Proof, ...], allowed: Authentication, given: dict[str, object], expected: tuple[Login, ...]
) -> None:
    assert plan_logins(proofs, allowed, **given) == expected  # type: ignore[arg-type]


AUTO, SIMPLE = DirectoryAuthentication.AUTO, DirectoryAuthentication.SIMPLE
SEALED, STARTTLS, LDAPS = DirectorySecurity.SEALED, DirectorySecurity.STARTTLS, DirectorySecurity.LDAPS
WITH_PASSWORD = {"user": USER, "password": PASSWORD}


@pytest.mark.parametrize(
    ("how", "security", "given", "ticket", "expected", "mechanisms"),
    [
        pytest.param(AUTO, DirectorySecurity.AUTO, WITH_PASSWORD, True, STARTTLS, [], id="password"),
        pytest.param(AUTO, DirectorySecurity.AUTO, {"keytab": "/k"}, False, SEALED, [KERBEROS], id="keytab"),
        pytest.param(AUTO, DirectorySecurity.AUTO, {}, True, SEALED, [KERBEROS], id="ticket"),
        pytest.param(AUTO, DirectorySecurity.AUTO, {}, False, STARTTLS, [], id="nothing"),
        pytest.param(AUTO, LDAPS, {}, True, LDAPS, [KERBEROS], id="ticket inside TLS"),
        pytest.param(AUTO, SEALED, WITH_PASSWORD, False, SEALED, [KERBEROS, NTLM], id="sealed with a password"),
        pytest.param(AUTO, DirectorySecurity.CLEAR, {}, True, DirectorySecurity.CLEAR, [], id="clear"),
        pytest.param(SIMPLE, LDAPS, WITH_PASSWORD, True, LDAPS, [], id="simple"),
        pytest.param(
            *(DirectoryAuthentication.NTLM, DirectorySecurity.AUTO, WITH_PASSWORD, True, SEALED, [NTLM]), id="NTLM"
        ),
        pytest.param(
            *(DirectoryAuthentication.KERBEROS, LDAPS, WITH_PASSWORD, True, LDAPS, [KERBEROS]), id="Kerberos inside TLS"
        ),
    ],
)
def test_directory__the_safest_way_that_what_is_there_allows(
    how: DirectoryAuthentication,
    security: DirectorySecurity,
    given: dict[str, object],
    expected: DirectorySecurity,
    mechanisms: list[Mechanism],
    *,
    ticket: bool,
) -> None:
    plan = plan_directory_logins(how, security, has_ticket=lambda: ticket, **given)  # type: ignore[arg-type]
    assert plan.security is expected
    assert [login.mechanism for login in plan.logins] == mechanisms


class _GssError(Exception):
    """As gssapi raises it."""

    maj_code = 851968

    def __init__(self, minor: int) -> None:
        super().__init__(f"Major (851968): Unspecified GSS failure, Minor ({minor}): what Kerberos says")
        self.min_code = minor


class _Krb5Error(Exception):
    """As krb5 raises it."""

    def __init__(self, code: int) -> None:
        super().__init__(f"what Kerberos says {code}")
        self.err_code = code


@pytest.mark.parametrize("kind", [_GssError, _Krb5Error])
@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (-1765328360, "wrong-password"),
        (-1765328378, "unknown-user"),
        (-1765328377, "unknown-service"),
        (-1765328347, "clock-skew"),
        (-1765328352, "expired"),
        (-1765328366, "account"),
        (-1765328228, "no-kdc"),
        (-1765328243, "no-ticket"),
        (-1765328203, "no-key"),
        (12345, "failed"),
    ],
)
def test_problem__each_has_its_own_reason_and_says_what_to_do(kind: type[Exception], code: int, reason: str) -> None:
    unsigned = code % (1 << 32) if kind is _GssError else code  # as either has it
    problem = find_problem(kind(unsigned), Login(KERBEROS))
    assert (problem.reason, problem.detail) == (
        reason,
        "what Kerberos says" if code < 0 or kind is _GssError else problem.detail,
    )
    assert bool(problem.hint) == (reason != "failed")
    assert problem.reason in REASONS


def test_problem__a_keytab_that_is_not_there() -> None:
    problem = find_problem(FileNotFoundError(2, "No such file or directory"), Login(KERBEROS, keytab="/k"))
    assert problem == LoginProblem("no-key", "/k: No such file or directory", problem.hint)


def test_problem__words_of_a_library_cannot_drive_a_terminal() -> None:
    problem = find_problem(ValueError("\x1b[2J" + "x" * 1000), Login(NTLM, USER, PASSWORD))
    assert problem.detail.isprintable()
    assert len(problem.detail) == 200


def test_bindings__are_those_of_the_standard() -> None:
    certificate = ssl.PEM_cert_to_DER_cert(trustme.CA().cert_pem.bytes().decode())  # ECDSA with SHA-256
    assert endpoint_bindings(certificate) == b"tls-server-end-point:" + hashlib.sha256(certificate).digest()


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"directory_user": "u", "directory_authentication": "ntlm"}, "directory_user (program): it needs a password"),
        ({"directory_keytab": "k", "directory_authentication": "ntlm"}, "directory_keytab (program): a keytab is for"),
        (
            {"directory_user": "u", "directory_keytab": "k", "directory_password": "p"},
            "directory_keytab (program): there is a password as well",
        ),
        (
            {"directory_security": "clear", "directory_authentication": "kerberos"},
            "directory_security (program): Kerberos and NTLM encrypt",
        ),
        (
            {"directory_security": "sealed", "directory_authentication": "simple"},
            "directory_security (program): a simple bind cannot encrypt",
        ),
        ({"http_password_file": "f"}, "http_password_file (program): there is a password and no http_user"),
        ({"http_keytab": "k", "http_authentication": "ntlm"}, "http_keytab (program): a keytab is for Kerberos"),
    ],
)
def test_settings__that_are_wrong_together(given: dict[str, object], fault: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(overrides=given)
    assert [one[: len(fault)] for one in caught.value.faults] == [fault]


@pytest.mark.parametrize(
    "given",
    [
        {"directory_user": "u", "directory_keytab": "k"},
        {"directory_keytab": "k", "directory_security": "ldaps"},
        {"directory_user": "u", "directory_authentication": "kerberos"},
        {"directory_user": "u", "directory_password": "p", "directory_security": "sealed"},
        {"http_user": "u", "http_password_file": "f", "http_keytab": "k"},
        {"http_user": "u"},
    ],
)
def test_settings__that_go_together(given: dict[str, object]) -> None:
    assert load_config(overrides=given).origins["http_user"] in {"program", "default"}


@pytest.mark.rule("CF-030")
@pytest.mark.parametrize(
    ("membership", "users"), [(Membership.DOMAIN, [None, USER, USER]), (Membership.WORKGROUP, [USER, USER])]
)
def test_settings__become_logins(membership: Membership, users: list[str | None]) -> None:
    config = load_config(overrides={"http_user": USER})
    find = find_http_logins(config, lambda: membership, has_certificate=False, password=PASSWORD)
    assert find is not None
    assert [login.user for login in find(Scheme.HTTP)] == users


def test_settings__may_say_that_nobody_is_told_anything() -> None:
    config = load_config(overrides={"http_user": USER, "http_authentication": "none"})
    assert find_http_logins(config, lambda: Membership.DOMAIN, has_certificate=False) is None


@pytest.mark.parametrize(
    ("given", "terminal", "asks"),
    [
        ({"http_user": USER}, True, True),
        ({"http_user": USER}, False, False),
        ({}, True, False),
        ({"http_user": USER, "http_password_file": "f"}, True, False),
        ({"http_user": USER, "http_keytab": "k"}, True, False),
        ({"http_user": USER, "http_authentication": "kerberos"}, True, False),
        ({"http_user": USER, "http_authentication": "none"}, True, False),
    ],
)
def test_prompt__only_on_a_terminal_and_only_where_it_is_needed(
    given: dict[str, object], monkeypatch: pytest.MonkeyPatch, *, terminal: bool, asks: bool
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(sys.stdin, "isatty", lambda: terminal, raising=False)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal, raising=False)
    monkeypatch.setattr(getpass, "getpass", lambda prompt: asked.append(prompt) or "typed")
    assert ask_http_password(load_config(overrides=given)) == (Secret("typed") if asks else None)
    assert len(asked) == asks
