"""The server's side of NTLM, by pyspnego, for web servers and directories on loopback; and a stand-in for Kerberos."""

import base64
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import pytest
import spnego
from adapters.scripted_http import Peer, Script, reply
from spnego.channel_bindings import GssChannelBindings

from cmclient.model.login import Login, Mechanism
from cmclient.model.secret import Secret

PASSWORD = "correct-horse-Bätterie-42"
USER = "CORP\\reader"
BY_NTLM = Login(Mechanism.NTLM, USER, Secret(PASSWORD))
BY_TICKET = Login(Mechanism.KERBEROS)
SECRET_PAGE = b"only for those who are known"


def know_user(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Let acceptors know the user."""
    (folder / "users").write_text(f"CORP:reader:{PASSWORD}\n", "utf-8")
    monkeypatch.setenv("NTLM_USER_FILE", str(folder / "users"))


def acceptor(bindings: bytes | None = None, *, seals: bool = False) -> Any:
    given = None if bindings is None else GssChannelBindings(application_data=bindings)
    wishes = spnego.ContextReq.default if seals else spnego.ContextReq.none
    return spnego.server(protocol="ntlm", channel_bindings=given, context_req=wishes)


def token_of(request: bytes) -> tuple[str, bytes]:
    """Scheme and token of a login; empty when there is none."""
    found = re.search(rb"\r\nAuthorization: (NTLM|Negotiate) (\S+)\r\n", request)
    return (found[1].decode(), base64.b64decode(found[2])) if found else ("", b"")


def challenge(*offers: str, closes: bool = False) -> bytes:
    close = ("Connection: close",) if closes else ()
    return reply(b"who are you?", "401 No", *close, *(f"WWW-Authenticate: {offer}" for offer in offers))


def asking(*offers: str, bindings: bytes | None = None, known: bytes = b"") -> Script:
    """A web server that serves whom it knows, on the connection that it knows him on.

    Args:
        offers: What it offers to who comes without proof.
        bindings: What a login has to be tied to; None for nothing.
        known: What it answers to whom it knows; empty for a page.
    """

    def script(peer: Peer) -> None:
        context: Any = None
        while request := peer.read_request():
            scheme, token = token_of(request)
            if not token:
                peer.send(
                    (known or reply(SECRET_PAGE)) if context is not None and context.complete else challenge(*offers)
                )
                continue
            context = acceptor(bindings) if context is None or context.complete else context
            try:
                answer = context.step(token)
            except spnego.exceptions.SpnegoError:
                context = None
                peer.send(challenge(*offers))
                continue
            if context.complete:
                peer.send(known or reply(SECRET_PAGE))
            else:
                peer.send(challenge(f"{scheme} {base64.b64encode(answer).decode()}"))

    return script


class StandIn:
    """A context as pyspnego would give one for Kerberos, which needs a domain controller."""

    def __init__(self, step: Callable[[bytes | None], bytes | None], *, legs: int = 2) -> None:
        self.taken: list[bytes | None] = []
        self.context_attr = spnego.ContextReq.none
        self._step = step
        self._legs = legs

    @property
    def complete(self) -> bool:
        return len(self.taken) >= self._legs

    def step(self, token: bytes | None) -> bytes | None:
        answer = self._step(token)
        self.taken.append(token)
        return answer

    def new_context(self) -> Self:
        return self


@contextmanager
def standing_in(monkeypatch: pytest.MonkeyPatch, make: Callable[[], object]) -> Iterator[None]:
    """Let Kerberos contexts be these; NTLM stays what it is."""
    real = spnego.client

    def client(*args: Any, **options: Any) -> object:
        return make() if options["protocol"] == "kerberos" else real(*args, **options)

    with monkeypatch.context() as patch:
        patch.setattr(spnego, "client", client)
        yield
