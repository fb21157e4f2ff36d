"""Discovery of enrollment: the one SOAP exchange in which a device asks where it is enrolled."""

from xml.etree.ElementTree import Element

from ..errors import InvalidValueError, MalformedReplyError
from ..model.endpoints import Endpoint, Scheme
from ..model.enrollment import DiscoveryRequest, EnrollmentServices
from ..model.names import shown_name
from .elements import children, find_child, parse_root, parse_web_address, plain_text
from .markup import escape, text_element
from .xmlsafe import XmlLimits, iter_local, local_name, parse_xml

__all__ = [
    "CONTENT_TYPE",
    "DISCOVERY_CAP",
    "DISCOVERY_PATH",
    "build_discovery_reply",
    "build_discovery_request",
    "parse_discovery_reply",
    "parse_discovery_request",
]

DISCOVERY_PATH = "/EnrollmentServer/Discovery.svc"
CONTENT_TYPE = "application/soap+xml; charset=utf-8"
DISCOVERY_CAP = 64 * 1024  # bytes of a reply; real ones have two thousand

_LIMITS = XmlLimits(size=DISCOVERY_CAP, depth=16, elements=256, token=8 * 1024)
_SOAP, _ADDRESSING = "http://www.w3.org/2003/05/soap-envelope", "http://www.w3.org/2005/08/addressing"
_ENROLLMENT = "http://schemas.microsoft.com/windows/management/2012/01/enrollment"
_ACTION = f"{_ENROLLMENT}/IDiscoveryService/Discover"
_MOST_POLICIES = 8
_MAX_FAULT = 200  # characters of what a server says went wrong

# What a captured device said of itself: every element is wanted, and servers look at none but the address.
_DEVICE_TYPE, _APPLICATION_VERSION, _EDITION = "CIMClient_Windows", "10.0.19043.2364", "4"


# --- the request ----------------------------------------------------------------------------------------------------


def build_discovery_request(request: DiscoveryRequest, endpoint: Endpoint) -> bytes:
    """Write the request.

    Args:
        request: What is asked.
        endpoint: The discovery service.
    """
    to = f"{endpoint.scheme.value}://{endpoint.host}:{endpoint.port}{DISCOVERY_PATH}"
    policies = "".join(text_element("AuthPolicy", policy) for policy in request.auth_policies)
    asked = (
        text_element("EmailAddress", request.user)
        + text_element("RequestVersion", request.version)
        + text_element("DeviceType", _DEVICE_TYPE)
        + text_element("ApplicationVersion", _APPLICATION_VERSION)
        + text_element("OSEdition", _EDITION)
        + f"<AuthPolicies>{policies}</AuthPolicies>"
    )
    header = (
        f'<a:Action s:mustUnderstand="1">{_ACTION}</a:Action>'
        f"<a:MessageID>{escape(request.message_id)}</a:MessageID>"
        f"<a:ReplyTo><a:Address>{_ADDRESSING}/anonymous</a:Address></a:ReplyTo>"
        f'<a:To s:mustUnderstand="1">{escape(to)}</a:To>'
    )
    body = (
        f'<Discover xmlns="{_ENROLLMENT}">'
        f'<request xmlns:i="http://www.w3.org/2001/XMLSchema-instance">{asked}</request></Discover>'
    )
    return _envelope(header, body)


def parse_discovery_request(data: bytes) -> DiscoveryRequest:
    """Read a request; a namespace may end with a slash or not.

    Raises:
        MalformedReplyError: It is no request, or names nobody.
        UnsafeXmlError: It is refused for what it could do.
    """
    root = parse_root(data, "Envelope", limits=_LIMITS)
    asked = find_child(find_child(find_child(root, "Body"), "Discover"), "request")
    user = _text(asked, "EmailAddress")
    if not user:
        raise MalformedReplyError("the request names no user to be enrolled", where="Discover")
    policies = list(children(find_child(asked, "AuthPolicies"), "AuthPolicy"))[:_MOST_POLICIES]
    return DiscoveryRequest(
        user,
        _text(find_child(root, "Header"), "MessageID"),
        _text(asked, "RequestVersion"),
        tuple(plain_text((one.text or "").strip()) for one in policies),
    )


# --- the reply ------------------------------------------------------------------------------------------------------


def build_discovery_reply(services: EnrollmentServices, request: DiscoveryRequest) -> bytes:
    """Write the reply to a request."""
    policy = services.policy or services.service
    result = (
        text_element("AuthPolicy", services.auth_policy)
        + text_element("EnrollmentVersion", services.version)
        + text_element("EnrollmentPolicyServiceUrl", policy.url(services.service_path))
        + text_element("EnrollmentServiceUrl", services.service.url(services.service_path))
    )
    header = (
        f'<a:Action s:mustUnderstand="1">{_ACTION}Response</a:Action>'
        f"<a:RelatesTo>{escape(request.message_id)}</a:RelatesTo>"
    )
    body = f'<DiscoverResponse xmlns="{_ENROLLMENT}"><DiscoverResult>{result}</DiscoverResult></DiscoverResponse>'
    return _envelope(header, body)


def parse_discovery_reply(data: bytes, *, message_id: str | None = None) -> EnrollmentServices:
    """Read a reply: a whole envelope, or its ``DiscoverResponse`` alone.

    Args:
        data: The body as it came.
        message_id: The request that it should answer; None, and a reply that names none, for any.

    Raises:
        MalformedReplyError: It is no reply, a fault, the reply to another request, names no service, or one that is
            not to be reached over HTTPS.
        UnsafeXmlError: It is refused for what it could do.
    """
    where = "DiscoverResponse"
    root = _parse_either(data, where)
    if (fault := _find(root, "Fault")) is not None:
        raise MalformedReplyError(f"the discovery service answered with a fault: {_fault_text(fault)}", where=where)
    answers = _text(_find(root, "Header"), "RelatesTo")
    if answers and message_id is not None and answers.lower() != message_id.lower():
        raise MalformedReplyError("the discovery service answered another request", where=where)
    result = _find(root, "DiscoverResult")
    if result is None:
        raise MalformedReplyError("the discovery service answered without a result", where=where)
    service, path = _service(result, "EnrollmentServiceUrl", where)
    has_policy = bool(_text(result, "EnrollmentPolicyServiceUrl"))
    policy = _service(result, "EnrollmentPolicyServiceUrl", where)[0] if has_policy else None
    return EnrollmentServices(service, path, policy, _text(result, "AuthPolicy"), _text(result, "EnrollmentVersion"))


def _parse_either(data: bytes, where: str) -> Element:
    root = parse_xml(data, where=where, limits=_LIMITS)
    if (name := local_name(root.tag)).lower() not in {"envelope", where.lower()}:
        raise MalformedReplyError(f"the reply is no {where}: its root is '{shown_name(name)}'", where=where)
    return root


def _find(root: Element, name: str) -> Element | None:
    return next(iter(iter_local(root, name)), None)


def _service(result: Element, name: str, where: str) -> tuple[Endpoint, str]:
    """An address of the result. What is learned here is where a person would type a password: never plain HTTP."""
    child = find_child(result, name)
    text = "" if child is None else (child.text or "").strip()
    if not text:
        raise MalformedReplyError(f"the discovery service names no {name}", where=where)
    if "@" in text:  # what stands before it may be a password, so it is not repeated
        raise MalformedReplyError(f"{name} of the discovery service is no plain web address: it has an @", where=where)
    try:
        endpoint, path = parse_web_address(text)
    except InvalidValueError as error:
        raise MalformedReplyError(f"{name} of the discovery service: {error.message}", where=where) from error
    if endpoint.scheme is not Scheme.HTTPS:
        raise MalformedReplyError(f"{name} of the discovery service is not HTTPS: {shown_name(text)}", where=where)
    return endpoint, path


def _fault_text(fault: Element) -> str:
    said = " ".join((one.text or "").strip() for one in iter_local(fault, "Text"))
    return shown_name(said.strip() or "it says nothing of it", most=_MAX_FAULT)


def _text(parent: Element | None, name: str) -> str:
    child = find_child(parent, name)
    return "" if child is None else plain_text((child.text or "").strip())


def _envelope(header: str, body: str) -> bytes:
    return (
        f'<s:Envelope xmlns:a="{_ADDRESSING}" xmlns:s="{_SOAP}">'
        f"<s:Header>{header}</s:Header><s:Body>{body}</s:Body></s:Envelope>"
    ).encode()
