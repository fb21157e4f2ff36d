"""Which root key is trusted, and whose key has to be looked at before it is believed.

What is known from where decides; a signature never does (``docs/trust.md``).
"""

from collections.abc import Iterable
from hashlib import sha256

from ..model.directory import PublishedSite
from ..model.endpoints import Endpoint, Scheme
from ..model.names import SiteCode
from ..model.reason import Reason
from ..model.rootkey import KeyDuty, KeySource, KeyStanding, KnownKey, KnownKeys, RootKeyDecision, TrustedRootKey
from ..model.rule import decides

__all__ = [
    "adopt_key",
    "block",
    "choose_root_key",
    "find_duty",
    "find_published_key",
    "find_trusted_key",
    "judge_key",
    "key_fingerprint",
]

_SHOWN = 16  # digits of a fingerprint in a sentence


def key_fingerprint(key: TrustedRootKey) -> str:
    """SHA-256 of a key as the product writes it, in hexadecimal."""
    return sha256(key.blob).hexdigest()


@decides("TR-051")
def find_published_key(sites: Iterable[PublishedSite], site: SiteCode | None) -> KnownKey | None:
    """Find the root key that the directory holds for a client.

    Args:
        sites: What sites publish.
        site: The assigned site; None when there is none.

    Returns:
        The key that its site publishes; where that publishes none, or there is no site, the one that all sites of the
        directory agree on. None when there is none, or when they name several: then they are of several hierarchies.
    """
    published = [one for one in sites if one.root_keys]
    own = [one for one in published if one.site_code == site]
    keys = {key: one for one in own or published for key in one.root_keys}
    if len(keys) != 1:
        return None
    ((key, holder),) = keys.items()
    return KnownKey(key, KeySource.DIRECTORY, f"site {holder.site_code}")


def find_trusted_key(known: KnownKeys) -> KnownKey | None:
    """The key that is trusted: the given one, else the directory's, else the kept one; None when there is none."""
    return known.given or known.published or (None if known.resets else known.stored)


def choose_root_key(known: KnownKeys) -> RootKeyDecision:
    """Say which root key is trusted, and why; without one it is first use, or, just after a reset, not even that."""
    if known.given is not None:
        why = Reason("TR-056", f"it was given with the installation: {known.given.detail}")
        return _known(known.given, why, *_others(known.given, known.published, known.stored))
    if known.published is not None:
        text = f"the directory holds it ({known.published.detail}), and is believed without further checks"
        return _known(known.published, Reason("AD-027", text), *_others(known.published, known.stored))
    if known.resets:
        text = "the kept one is forgotten; a new one has to be given, or to come from the directory"
        return RootKeyDecision(KeyStanding.RESET, reasons=(Reason("TR-055", text),))
    if known.stored is not None:
        text = f"it was kept ({known.stored.detail}), and that of a management point never replaces it"
        return _known(known.stored, Reason("TR-054", text))
    text = "none is known: that of the first management point that is met over HTTP is taken, whoever that is"
    return RootKeyDecision(KeyStanding.FIRST_USE, reasons=(Reason("TR-052", text),))


def _known(known: KnownKey, *reasons: Reason) -> RootKeyDecision:
    return RootKeyDecision(KeyStanding.KNOWN, known.source, known.detail, key_fingerprint(known.key), reasons)


def _others(chosen: KnownKey, *others: KnownKey | None) -> tuple[Reason, ...]:
    """Say which other place knows another key: a person wants to know that, and it changes nothing."""
    rule = "TR-056" if chosen.source is KeySource.SETTINGS else "AD-027"
    return tuple(
        Reason(rule, f"another one is known from the {one.source.value} ({one.detail}), which does not count beside it")
        for one in others
        if one is not None and one.key != chosen.key
    )


def find_duty(decision: RootKeyDecision, endpoint: Endpoint, *, is_published: bool) -> tuple[KeyDuty, Reason]:
    """Decide what has to be done about the root key before a management point is believed.

    Args:
        decision: What is known.
        endpoint: The management point.
        is_published: Whether the directory names it, in this run.
    """
    if endpoint.scheme is Scheme.HTTPS:
        return KeyDuty.NONE, Reason("TR-053", "over HTTPS its certificate tells who it is; no root key is needed")
    if is_published and decision.source is not KeySource.SETTINGS:
        return KeyDuty.NONE, Reason("TR-057", "the directory names it, which tells it from others")
    if decision.standing is KeyStanding.FIRST_USE:
        return KeyDuty.ADOPT, Reason("TR-052", "the root key that it shows is the first one, and is kept")
    if decision.standing is KeyStanding.RESET:
        return KeyDuty.NONE, Reason("TR-055", "no root key is taken from a management point after a reset")
    return KeyDuty.COMPARE, Reason("TR-057", "it has to show the known root key, over HTTP nothing else tells it apart")


@decides("TR-057")
def judge_key(known: KnownKey, shown: TrustedRootKey) -> Reason | None:
    """Why a management point that shows a root key is not to be believed; None when it shows the known one."""
    if shown == known.key:
        return None
    text = (
        f"it shows another root key ({key_fingerprint(shown)[:_SHOWN]}...) than the one that is trusted"
        f" ({key_fingerprint(known.key)[:_SHOWN]}..., {known.source.value}: {known.detail})"
    )
    return Reason("TR-054", text)


def adopt_key(decision: RootKeyDecision, taken: KnownKey) -> RootKeyDecision:
    """The decision once the key of the first management point was taken."""
    text = f"none was known, so that of the first management point was taken: {taken.detail}"
    return _known(taken, Reason("TR-052", text))._replace(checks=decision.checks)


def block(decision: RootKeyDecision, host: str) -> RootKeyDecision:
    """The decision once a management point was not used for its key, and no other one either."""
    text = f"{host} did not show it, so nothing is asked of it until the key is reset or given anew"
    return decision._replace(standing=KeyStanding.BLOCKED, reasons=(*decision.reasons, Reason("TR-054", text)))
