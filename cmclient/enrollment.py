"""Find where a device is enrolled: a given name, the alias in DNS, or the discovery service."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import uuid4

from .config import ClientConfig
from .contacting import client_of
from .errors import CmClientError, ConfigError
from .model.endpoints import Endpoint, Scheme
from .model.enrollment import DiscoveryRequest, EnrollmentServices, PrincipalName
from .model.facts import NetworkFacts
from .model.http import Attempt, Deadline, HttpReply, HttpRequest
from .model.names import DnsDomain, HostName
from .model.roles import RoleLocation, RoleOrigin, RoleSource
from .model.rule import decides
from .ports import Cancellation, Clock, NameService, Transport
from .protocol.enroll import (
    CONTENT_TYPE,
    DISCOVERY_CAP,
    DISCOVERY_PATH,
    build_discovery_request,
    parse_discovery_reply,
)
from .rules.choose import SeededChooser
from .rules.deprecations import find_kind_deprecation
from .rules.enrollment import (
    NamedProxy,
    alias_of,
    discovery_host_of,
    domain_of,
    find_enrollment_bar,
    judge_proxies,
    proxy_sources,
)
from .rules.failures import all_refuse_trust

__all__ = ["EnrollmentTools", "locate_enrollment_proxy"]

_USER_AGENT = "ENROLLClient"  # of devices; servers were seen with no other
_DISCOVER, _LOOK = "Discover", "Discovery.svc"


class EnrollmentTools(NamedTuple):
    """What looking for an enrollment proxy point works with.

    Attributes:
        config: The settings.
        transport: HTTP. It should have no client certificate: a device that is to be enrolled has none.
        names: DNS.
        clock: The time.
        chooser: Chance.
    """

    config: ClientConfig
    transport: Transport
    names: NameService
    clock: Clock
    chooser: SeededChooser


def locate_enrollment_proxy(
    tools: EnrollmentTools, facts: NetworkFacts, deadline: Deadline, *, offline: bool = False
) -> RoleLocation:
    """Find the enrollment proxy point of a device, and look whether it answers. Nobody is enrolled.

    Args:
        tools: What to work with.
        facts: What is known of the device.
        deadline: The end of waiting.
        offline: Ask nobody.

    Returns:
        Every one that was named, judged, and what came of asking.

    Raises:
        ConfigError: The client is of a kind that is never enrolled.
    """
    if (bar := find_enrollment_bar(facts.client_kind)) is not None:
        raise ConfigError((bar.text,), hint="say which device it is: --client-kind mac, mobile or mdm")
    return _Search(tools, facts, deadline, offline=offline).locate()


class _Search:
    """One search: who was named so far, and who was asked."""

    def __init__(self, tools: EnrollmentTools, facts: NetworkFacts, deadline: Deadline, *, offline: bool) -> None:
        plain = tools.config._replace(https_port_alternative=None)  # that is a port of management points
        self._client = client_of(plain, tools.transport, tools.clock)
        self._offline = offline
        self._tools, self._facts, self._deadline = tools, facts, deadline
        self._user: PrincipalName | None = tools.config.enrollment_user
        self._domain = domain_of(
            facts, user=None if self._user is None else self._user.domain, suffix=tools.config.dns_suffix
        )
        self._named: list[NamedProxy] = []
        self._sources: list[RoleSource] = []
        self._attempts: list[Attempt] = []
        self._was_contacted = False
        self._answered: Endpoint | None = None

    @decides("MD-010", "MD-013")
    def locate(self) -> RoleLocation:
        given = self._tools.config.enrollment_proxy
        said = self._tools.config.origins.get("enrollment_proxy", "settings")
        where = "not set" if given is None else said
        self._sources.append(
            RoleSource(RoleOrigin.SETTINGS, int(given is not None), "MD-010", f"enrollment_proxy: {where}")
        )
        if given is not None:
            self._contact([NamedProxy(self._at(given), RoleOrigin.SETTINGS)])
        for origin in proxy_sources(self._facts.client_kind):
            if (why := self._find_bar(given)) is not None:
                self._sources.append(RoleSource(origin, None, "MD-013", why))
            elif origin is RoleOrigin.DNS_ALIAS:
                self._contact(self._ask_alias(self._domain))
            else:
                self._contact(self._ask_discovery(self._domain, self._user))
        deprecated = find_kind_deprecation(self._facts.client_kind)
        return RoleLocation(
            judge_proxies(self._named, chooser=self._tools.chooser),
            self._facts,
            self._tools.config.enrollment_site,
            tuple(self._sources),
            tuple(self._attempts),
            notes=() if deprecated is None else (f"{deprecated.rule} {deprecated.text}",),
            was_contacted=self._was_contacted,
            answered=self._answered,
            refused_trust=self._refused_trust(),
        )

    def _refused_trust(self) -> bool:
        """Whether trust was all that failed: a source that failed by itself has a code that no attempt has."""
        failed = {one.code for one in self._sources if one.code} - {one.code for one in self._attempts}
        return self._answered is None and not failed and all_refuse_trust(self._attempts)

    def _find_bar(self, given: HostName | None) -> str | None:
        """Why nobody is asked who names one."""
        if given is not None:
            return "not needed: a name is given"
        if self._answered is not None:
            return "not needed: one was found before its turn"
        if self._offline:
            return "offline, so nobody is asked"
        if self._domain is None:
            return "no domain to look in: set enrollment_user, or dns_suffix"
        return None

    def _at(self, host: HostName) -> Endpoint:
        return Endpoint(Scheme.HTTPS, host, self._tools.config.enrollment_port)

    @decides("DN-021", "MD-013")
    def _ask_alias(self, domain: DnsDomain | None) -> Sequence[NamedProxy]:
        """What the alias in DNS stands for."""
        if domain is None:
            return ()
        alias = alias_of(domain)
        try:
            host = self._tools.names.resolve_alias(
                alias, self._deadline.within(2 * self._tools.config.dns_timeout).half()
            )
        except CmClientError as error:
            self._report(RoleOrigin.DNS_ALIAS, 0, "DN-021", error.message, error)
            return ()
        said = f"CNAME {alias}" + ("" if host is None else f" is {host}")
        self._report(RoleOrigin.DNS_ALIAS, int(host is not None), "DN-021", said)
        return () if host is None else (NamedProxy(self._at(host), RoleOrigin.DNS_ALIAS),)

    @decides("MD-010")
    def _ask_discovery(self, domain: DnsDomain | None, user: PrincipalName | None) -> Sequence[NamedProxy]:
        """What the discovery service of the mail domain names."""
        if domain is None or user is None:
            why = "the request names the user who is enrolled: set enrollment_user"
            self._report(RoleOrigin.DISCOVERY, None, "MD-010", why)
            return ()
        endpoint, deadline = self._at(discovery_host_of(domain)), self._deadline.half()
        result = self._client.attempt(endpoint, _DISCOVER, lambda: self._discover(endpoint, user, deadline))
        self._attempts += result.attempts
        (attempt,) = result.attempts
        if result.answer is None:
            source = RoleSource(RoleOrigin.DISCOVERY, 0, "MD-010", attempt.detail, attempt.code, attempt.hint)
            self._sources.append(source)
            return ()
        services = result.answer
        how = f"; users prove who they are by {services.auth_policy}" if services.auth_policy else ""
        self._report(RoleOrigin.DISCOVERY, 1, "MD-010", f"{endpoint} names {services.service}{how}")
        return (NamedProxy(services.service, RoleOrigin.DISCOVERY, services.service_path),)

    def _discover(self, endpoint: Endpoint, user: PrincipalName, deadline: Deadline) -> EnrollmentServices:
        """The exchange of a device: an empty look first, then the question."""
        self._look(endpoint, deadline)
        request = DiscoveryRequest(user, f"urn:uuid:{uuid4()}")
        body = build_discovery_request(request, endpoint)
        headers = {"Content-Type": CONTENT_TYPE, "User-Agent": _USER_AGENT}
        asked = HttpRequest(endpoint, DISCOVERY_PATH, "POST", headers, body, read_cap=DISCOVERY_CAP)
        reply = self._client.exchange(asked, deadline)
        return parse_discovery_reply(reply.body, message_id=request.message_id)

    def _look(self, endpoint: Endpoint, deadline: Deadline, cancellation: Cancellation | None = None) -> HttpReply:
        headers = {"User-Agent": _USER_AGENT}
        request = HttpRequest(endpoint, DISCOVERY_PATH, headers=headers, read_cap=DISCOVERY_CAP)
        return self._client.exchange(request, deadline, cancellation)

    def _contact(self, named: Sequence[NamedProxy]) -> None:
        """Take over who was named, and look whether one of them answers."""
        self._named += named
        eligible = [one.endpoints[:1] for one in judge_proxies(named, chooser=self._tools.chooser).ranked]
        if self._offline or not eligible:
            return

        def ask(endpoint: Endpoint, cancellation: Cancellation) -> HttpReply:
            return self._look(endpoint, self._deadline, cancellation)

        result = self._client.contact(eligible, _LOOK, ask, self._deadline.half())  # the next one must have time left
        self._was_contacted = True
        self._answered = result.endpoint
        self._attempts += result.attempts

    def _report(
        self, origin: RoleOrigin, found: int | None, rule: str, detail: str, error: CmClientError | None = None
    ) -> None:
        code, hint = ("", "") if error is None else (error.code, error.hint)
        self._sources.append(RoleSource(origin, found, rule, detail, code, hint))
