"""The trusted root key in a run: which one counts, and who has to show it before being asked anything."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from .config import ClientConfig
from .errors import ConfigError, ProtocolError, RootKeyError, StoreError
from .model.decision import Candidate, SourceKind
from .model.directory import PublishedSite
from .model.endpoints import Endpoint
from .model.http import Attempt, Deadline, HttpRequest
from .model.names import SiteCode
from .model.reason import Reason
from .model.rootkey import KeyDuty, KeySource, KnownKey, KnownKeys, RootKeyDecision, StoredRootKey
from .model.rule import decides
from .protocol.rootkeyblob import parse_root_key
from .rules.rootkey import (
    adopt_key,
    block,
    choose_root_key,
    find_duty,
    find_published_key,
    find_trusted_key,
    judge_key,
    key_fingerprint,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .model.trust import MpKeyInformation
    from .mpclient import ManagementPointClient
    from .ports import Cancellation, Clock, SignatureVerifier, Store

__all__ = ["RootKeys", "is_published"]

_log = logging.getLogger(__name__)
_ASKED = "MPKEYINFORMATION"
_COMPARE = "compare the given key with SMSPublicRootKey in mobileclient.tcf on a site server of the hierarchy"
_RESET = (
    "if the hierarchy has another key now, give it (trusted_root_key, SMSPublicRootKey), or forget the kept one"
    " (reset_trusted_root_key, RESETKEYINFORMATION=TRUE)"
)


class RootKeys:
    """What one run knows about the trusted root key.

    Attributes:
        notes: What could not be done; for a person.
    """

    def __init__(
        self,
        config: ClientConfig,
        store: Store,
        client: ManagementPointClient,
        clock: Clock,
        verifier: SignatureVerifier | None,
    ) -> None:
        """Look up what is known without asking anybody.

        Raises:
            ConfigError: ``trusted_root_key_file`` is set, and nobody has read the file.
        """
        self.notes: list[str] = []
        self._store = store
        self._client = client
        self._clock = clock
        self._verifier = verifier
        self._known = KnownKeys(_find_given(config), None, self._load(), config.reset_trusted_root_key)
        self._taken: KnownKey | None = None
        self._blocked: str | None = None
        self._checks: dict[Endpoint, MpKeyInformation] = {}

    def take_published(self, sites: Sequence[PublishedSite], site: SiteCode | None) -> None:
        """Take over what the directory says."""
        self._known = self._known._replace(published=find_published_key(sites, site))

    @property
    def known(self) -> KnownKey | None:
        """The key that is trusted; None when none is."""
        return find_trusted_key(self._known) or self._taken

    def decision(self, winner: Endpoint | None, *, is_published: bool) -> RootKeyDecision:
        """What was decided, as far as the run has come.

        Args:
            winner: Who answered in the end; None when nobody did.
            is_published: Whether the directory names it, in this run.
        """
        decision = self._standing()
        if winner is not None and self._taken is None:
            why = find_duty(decision, winner, is_published=is_published)[1]
            decision = decision._replace(reasons=(*decision.reasons, Reason(why.rule, f"{winner.host}: {why.text}")))
        known, told = self.known, None if winner is None else self._checks.get(winner)
        if told is not None and known is not None and self._verifier is not None:
            decision = decision._replace(checks=self._verifier.check(told, known.key))
        if winner is None and self._blocked is not None:
            decision = block(decision, self._blocked)
        return decision

    @decides("TR-054")
    def check(
        self, endpoint: Endpoint, deadline: Deadline, cancellation: Cancellation | None, *, is_published: bool
    ) -> None:
        """See that a management point may be asked: where it has to show the root key, it is asked for that first.

        Args:
            endpoint: The management point.
            deadline: The end of waiting.
            cancellation: Gives up when cancelled.
            is_published: Whether the directory names it, in this run.

        Raises:
            RootKeyError: It shows another key, or none.
            TransportError: No whole reply.
        """
        known = self.known
        duty, _ = find_duty(self._standing(), endpoint, is_published=is_published)
        if duty is not KeyDuty.COMPARE or known is None:
            return
        hint = _COMPARE if known.source is KeySource.SETTINGS else _RESET
        try:
            told = self._fetch(endpoint, deadline, cancellation)
        except ProtocolError as error:
            self._blocked = endpoint.host
            text = f"{endpoint} does not show the trusted root key: {error.message}"
            raise RootKeyError(text, hint=error.hint or hint) from error
        if (fault := judge_key(known, told.root_key.key)) is not None:
            self._blocked = endpoint.host
            shown = key_fingerprint(told.root_key.key)
            raise RootKeyError(f"{endpoint} is not believed: {fault.text}", shown=shown, hint=hint)
        self._checks[endpoint] = told

    @decides("TR-052")
    def learn(self, endpoint: Endpoint, deadline: Deadline, *, is_published: bool) -> tuple[Attempt, ...]:
        """Take the root key of the first management point that was met, where none is known.

        Returns:
            The attempt to ask for it; empty where there is nothing to learn.
        """
        duty, _ = find_duty(self._standing(), endpoint, is_published=is_published)
        if duty is not KeyDuty.ADOPT:
            return ()
        result = self._client.attempt(endpoint, _ASKED, lambda: self._fetch(endpoint, deadline, None))
        if result.answer is not None:
            detail = f"that of {endpoint.host}, over HTTP, where nothing proves who answers"
            self._taken = KnownKey(result.answer.root_key.key, KeySource.MANAGEMENT_POINT, detail)
            self._checks[endpoint] = result.answer
        return result.attempts

    def keep(self) -> None:
        """Store what was learned; what was forgotten is removed.

        Raises:
            StoreError: It cannot be written.
        """
        known, before = self.known, self._known.stored
        if known is None and self._known.resets:
            self._store.drop_root_key()
        elif known is not None and (before is None or before.key != known.key):
            stored = StoredRootKey(known.key.text, known.source, known.detail, self._clock.now())
            # That of a management point never takes the place of another, whatever was kept a moment ago.
            self._store.keep_root_key(stored, replaces=known.source is not KeySource.MANAGEMENT_POINT)

    def _standing(self) -> RootKeyDecision:
        """The decision by now: a key that was just taken counts like one that was kept."""
        decision = choose_root_key(self._known)
        return decision if self._taken is None else adopt_key(decision, self._taken)

    def _fetch(self, endpoint: Endpoint, deadline: Deadline, cancellation: Cancellation | None) -> MpKeyInformation:
        from .protocol.trustkeys import MP_KEY_INFORMATION_PATH, parse_mp_key_information

        _log.info("asking %s for its root key", endpoint, extra={"event": "mp.key-asked"})
        request = HttpRequest(endpoint, MP_KEY_INFORMATION_PATH)
        return parse_mp_key_information(self._client.exchange(request, deadline, cancellation).body)

    def _load(self) -> KnownKey | None:
        try:
            stored = self._store.load_root_key()
        except StoreError as error:
            self.notes.append(f"store: {error.message}")
            return None
        if stored is None:
            return None
        when = stored.saved_at.isoformat(timespec="seconds")
        return KnownKey(parse_root_key(stored.blob), KeySource.STORE, f"{stored.detail}, {when}")


def is_published(candidates: Iterable[Candidate], endpoint: Endpoint) -> bool:
    """Whether the directory names a management point, in this run."""
    return any(
        candidate.mp.host == endpoint.host and origin.source is SourceKind.DIRECTORY
        for candidate in candidates
        for origin in candidate.origins
    )


@decides("TR-056")
def _find_given(config: ClientConfig) -> KnownKey | None:
    if config.trusted_root_key is not None:
        return KnownKey(parse_root_key(config.trusted_root_key), KeySource.SETTINGS, _origin_of(config))
    if config.trusted_root_key_file is not None:
        fault = f"trusted_root_key_file {config.trusted_root_key_file} was not read; open the locator by open_locator"
        raise ConfigError((fault,))
    return None


def _origin_of(config: ClientConfig) -> str:
    return config.origins.get("trusted_root_key", "settings")
