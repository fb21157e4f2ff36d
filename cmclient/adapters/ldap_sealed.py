"""Logging in to a directory with Kerberos or NTLM, and sealing what follows.

A directory of today demands that a login which is not inside TLS signs or encrypts everything after it, which ldap3 2.9
cannot. So the login is done here, message by message, and ``LdapWire`` seals below ldap3, which notices nothing:
searches, limits and failures are those of every other connection.

Kerberos goes by the SASL mechanism GSSAPI (RFC 4752), NTLM by GSS-SPNEGO, as Windows has it (MS-ADTS, 5.1.1.1.2).
Inside TLS nothing is sealed, and the login is tied to the certificate of the server instead.
"""

from collections.abc import Sequence

from ldap3.core.results import RESULT_CODES

from ..errors import (
    DirectoryError,
    DirectoryRefusedError,
    DirectoryTimeoutError,
    DirectoryTrustError,
    MalformedReplyError,
)
from ..model.http import Deadline
from ..model.login import Login, Mechanism
from ..model.names import HostName
from ..protocol.ber import MAX_MESSAGE, build_integer, read_children, read_integer, read_tlv, tlv
from .ldap_failures import result_failure
from .ldap_wire import LdapWire
from .login_problems import LoginProblem
from .negotiate import Negotiation, Negotiator, Target, endpoint_bindings

__all__ = ["SealedLogin"]

_SUCCESS, _IN_PROGRESS = 0, 14
_UNPROTECTED = frozenset({8, 13})  # stronger authentication, confidentiality required
_SEAL_HINT = "set directory_security to sealed, which needs no TLS"
_BIND, _BOUND = 0x60, 0x61
_SASL, _SASL_ANSWER = 0xA3, 0x87
_GSSAPI, _GSS_SPNEGO = b"GSSAPI", b"GSS-SPNEGO"
_NO_LAYER, _CONFIDENTIALITY = 1, 4  # RFC 4752, 3.1
_OFFER_OCTETS = 4
_MOST_LEGS = 6  # Kerberos takes three: against a server that goes on asking
_UNTRUSTED = frozenset({"bad-token", "not-mutual", "not-sealed"})
_WEAK = frozenset({"no-ticket", "not-installed", "no-password"})


class SealedLogin:
    """Logs in to directory servers. Safe to use from several threads.

    Args:
        logins: What to try, in order.
    """

    def __init__(self, logins: Sequence[Login]) -> None:
        self._logins = tuple(logins)
        self._negotiator = Negotiator()

    def bind(self, wire: LdapWire, host: HostName, server: str, deadline: Deadline) -> None:
        """Log in on a connection; what follows is sealed unless it is inside TLS.

        Args:
            wire: The connection.
            host: The full name of the server.
            server: ``host:port``, for messages.
            deadline: Until when.

        Raises:
            DirectoryRefusedError: No login was possible or accepted.
            DirectoryTrustError: The server did not prove who it is, or would not encrypt.
            DirectoryTimeoutError: Not done in time.
            DirectoryError: What ``LdapWire`` raises, or an answer that cannot be read.
        """
        refusals: list[DirectoryRefusedError] = []
        for login in self._logins:
            try:
                _Conversation(self._negotiator, login, wire, host, server).hold(deadline)
            except DirectoryRefusedError as refusal:
                refusals.append(refusal)
            except TimeoutError as error:
                raise DirectoryTimeoutError(f"{server}: the login was not done in time", server=server) from error
            else:
                return
        if not refusals:
            raise DirectoryRefusedError(
                f"{server} was not asked: there is nobody to log in as",
                server=server,
                hint="give directory_user with a password file or a keytab, or get a Kerberos ticket with kinit",
            )
        raise _sum_up(refusals, server)


class _LoginRefusedError(DirectoryRefusedError):
    """A login that came to nothing, and what kind of problem it was."""

    def __init__(self, message: str, *, server: str, hint: str, reason: str) -> None:
        super().__init__(message, server=server, hint=hint)
        self.reason = reason


class _Conversation:
    """One login on one connection."""

    def __init__(self, negotiator: Negotiator, login: Login, wire: LdapWire, host: HostName, server: str) -> None:
        self._negotiator = negotiator
        self._login = login
        self._wire = wire
        self._host = host
        self._server = server
        self._message_id = 0

    def hold(self, deadline: Deadline) -> None:
        certificate = self._wire.certificate
        bindings = None if certificate is None else endpoint_bindings(certificate)
        target = Target("ldap", self._host, bindings, seals=certificate is None)
        conversation = self._negotiator.begin(self._login, target, self._refuse, deadline)
        if self._login.mechanism is Mechanism.KERBEROS:
            self._bind_kerberos(conversation, seals=target.seals)
        else:
            self._bind_ntlm(conversation)
        if target.seals:
            conversation.require_seal()
            self._wire.seal(conversation.wrap, conversation.unwrap)

    def _bind_ntlm(self, conversation: Negotiation) -> None:
        code, answer = self._send(_GSS_SPNEGO, conversation.step())
        if code == _SUCCESS or not answer:
            raise self._refuse(LoginProblem("bad-token", "it asks nothing"))
        code, _ = self._send(_GSS_SPNEGO, conversation.step(answer))
        if code != _SUCCESS:
            raise self._refuse(LoginProblem("too-many-rounds"))

    def _bind_kerberos(self, conversation: Negotiation, *, seals: bool) -> None:
        token = conversation.step()
        for _ in range(_MOST_LEGS):
            code, answer = self._send(_GSSAPI, token)
            if code == _SUCCESS:  # too early: neither proof nor layer was agreed on
                raise self._refuse(LoginProblem("not-mutual"))
            if conversation.complete:
                code, _ = self._send(_GSSAPI, self._choose_layer(conversation, answer, seals=seals))
                if code != _SUCCESS:
                    raise self._refuse(LoginProblem("too-many-rounds"))
                return
            token = conversation.step(answer)
        raise self._refuse(LoginProblem("too-many-rounds"))

    def _choose_layer(self, conversation: Negotiation, answer: bytes, *, seals: bool) -> bytes:
        """Answer what the server offers to protect the rest with: a set of bits, and the most that it takes at once."""
        offer = conversation.unwrap(answer, encrypted=False)
        wanted = _CONFIDENTIALITY if seals else _NO_LAYER
        if len(offer) != _OFFER_OCTETS or not offer[0] & wanted:
            raise self._refuse(LoginProblem("not-sealed" if seals else "bad-token", "no layer that can be used"))
        if seals:
            self._wire.limit_sealed(int.from_bytes(offer[1:], "big"))
        most = MAX_MESSAGE if seals else 0
        return conversation.wrap(bytes([wanted]) + most.to_bytes(3, "big"), encrypt=False)

    def _send(self, mechanism: bytes, token: bytes) -> tuple[int, bytes]:
        """Send a bind request; give the code of the result (success, or in progress) and what came with it."""
        self._message_id += 1
        credentials = tlv(_SASL, tlv(0x04, mechanism) + tlv(0x04, token))
        request = tlv(_BIND, build_integer(3) + tlv(0x04) + credentials)
        self._wire.sendall(tlv(0x30, build_integer(self._message_id) + request))
        code, said, answer = self._read_result(self._wire.recv(MAX_MESSAGE))
        if code in {_SUCCESS, _IN_PROGRESS}:
            return code, answer
        failure = result_failure(code, {"description": RESULT_CODES.get(code), "message": said}, self._server)
        if not isinstance(failure, DirectoryRefusedError):
            raise failure
        told = f"{self._login}: {failure.message.removeprefix(self._server + ' ')}"
        hint = _SEAL_HINT if code in _UNPROTECTED and self._wire.certificate is not None else failure.hint
        raise _LoginRefusedError(told, server=self._server, hint=hint, reason="refused")

    def _read_result(self, message: bytes) -> tuple[int, str, bytes]:
        try:
            identity, operation = read_children(message, read_tlv(message))[:2]
            is_answer = operation.tag == _BOUND and read_integer(message, identity) == self._message_id
            code, _, text, *more = read_children(message, operation)
            said = message[text.start : text.end].decode("utf-8", "replace")
            answers = [message[one.start : one.end] for one in more if one.tag == _SASL_ANSWER]
            number = read_integer(message, code)
        except (MalformedReplyError, ValueError) as error:  # ValueError: not as many parts as there should be
            raise self._unreadable(str(error)) from error
        if not is_answer:
            raise self._unreadable("it answers something else")
        return number, said, answers[0] if answers else b""

    def _unreadable(self, why: str) -> DirectoryError:
        return DirectoryError(f"the answer of {self._server} to a login cannot be read: {why}", server=self._server)

    def _refuse(self, problem: LoginProblem) -> DirectoryError:
        told = f"{self._server}: {self._login}: {problem}"
        if problem.reason in _UNTRUSTED:
            return DirectoryTrustError(told, server=self._server, hint=problem.hint)
        return _LoginRefusedError(told, server=self._server, hint=problem.hint, reason=problem.reason)


def _sum_up(refusals: Sequence[DirectoryRefusedError], server: str) -> DirectoryRefusedError:
    """One error of all tries; that which says most about the server gives the hint."""
    telling = next((one for one in refusals if getattr(one, "reason", "") not in _WEAK), refusals[0])
    told = "; ".join(one.message.removeprefix(f"{server}: ") for one in refusals)
    return DirectoryRefusedError(f"{server}: no login worked ({told})", server=server, hint=telling.hint)
