"""How a proxy is written."""

import pytest

from cmclient.config import load_config, show_config
from cmclient.errors import ConfigError, InvalidValueError
from cmclient.model.endpoints import Scheme
from cmclient.model.proxies import ProxyAddress
from cmclient.model.secret import Secret
from cmclient.protocol.proxies import parse_proxy

HTTP, HTTPS = Scheme.HTTP, Scheme.HTTPS


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("proxy.test:3128", ProxyAddress(HTTP, "proxy.test", 3128)),
        ("http://Proxy.test", ProxyAddress(HTTP, "proxy.test", 80)),
        ("HTTPS://proxy.test/", ProxyAddress(HTTPS, "proxy.test", 443)),
        ("http://[::1]:3128", ProxyAddress(HTTP, "::1", 3128)),
        ("http://me:p%40ss@proxy.test:1", ProxyAddress(HTTP, "proxy.test", 1, Secret("me:p%40ss"))),
    ],
)
def test_an_address_is_read(text: str, read: ProxyAddress) -> None:
    assert parse_proxy(text) == read
    assert parse_proxy(read.reveal()) == read


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("http://proxy.test/proxy.pac", "PAC"),
        ("pac+http://proxy.test/", "PAC"),
        ("file:///etc/wpad.dat", "PAC"),
        ("http://wpad.test/wpad.dat?x=1", "PAC"),
        ("socks5://proxy.test:1080", "SOCKS"),
        ("ftp://proxy.test", "write http://"),
        ("http://proxy.test/path", "write http://"),
        ("http://:3128", "write http://"),
        ("http://proxy.test:0", "write http://"),
        ("http://[::1", "write http://"),
        ("http://[proxy.test]:1", "write http://"),
        ("http://a b@proxy.test", "write http://"),
        ("", "write http://"),
    ],
)
def test_what_is_no_proxy_is_refused(text: str, words: str) -> None:
    with pytest.raises(InvalidValueError, match=words):
        parse_proxy(text)


@pytest.mark.parametrize("text", ["http://me:s3cr3t@proxy.test:x", "socks5://me:s3cr3t@p.test", "me:s3cr3t@p/x.pac"])
def test_credentials_are_not_repeated_by_a_fault(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(options={"proxy": text})
    assert "s3cr3t" not in str(caught.value)
    assert "***@p" in str(caught.value)


def test_credentials_are_not_shown_with_the_settings() -> None:
    config = load_config(environ={"CMCLIENT_PROXY": "http://me:s3cr3t@proxy.test:3128"})
    shown = {name: value for name, value, _ in show_config(config)}
    assert shown["proxy"] == "http://***@proxy.test:3128"
    assert "s3cr3t" not in repr(config)
