"""Content in the cloud: who may use it, how long its token counts, and where this client stops."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cmclient.errors import InvalidValueError
from cmclient.model.facts import Adapter, NetworkFacts, parse_address
from cmclient.rules.cloud_content import (
    CloudStep,
    find_cloud_bar,
    plan_cloud_fetch,
    read_cloud_address,
)

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
SAMPLE = Path(__file__).parent.parent / "vectors" / "samples" / "cmg-content-400.log.txt"
URL = SAMPLE.read_text(encoding="utf-8").strip().splitlines()[0].strip()
DAY, SECOND = timedelta(hours=24), timedelta(seconds=1)


def facts(*addresses: str) -> NetworkFacts:
    return NetworkFacts(adapters=(Adapter("eth0", addresses=tuple(map(parse_address, addresses))),))


@pytest.mark.rule("CL-041")
def test_the_address_of_a_real_list_is_read() -> None:
    read = read_cloud_address(URL, NOW)
    assert (read.service, read.package, read.content) == ("cmg1.contoso.com", "CMG00013", "CMG00013")
    assert read.token.startswith("tid=GUID:")
    assert "iss=CMDP.IAAS2.CONTOSO.COM" in read.token


@pytest.mark.rule("CL-041")
def test_the_token_counts_for_a_day() -> None:
    read = read_cloud_address(URL, NOW)
    assert read.is_valid(NOW + DAY - SECOND)
    assert not read.is_valid(NOW + DAY)
    assert plan_cloud_fetch(read, NOW + DAY)[1].rule == "CL-041"


@pytest.mark.parametrize(
    "url",
    [
        URL.replace("https://", "http://"),
        URL.replace(":443", ":8443"),
        URL.replace("pid=CMG00013", "pid="),
        URL.replace("getcontentxmlsecure", "other"),
        URL.replace("https://", "https://me:s3cr3t@"),
        URL + "x" * 3000,
        "https://[cmg1/downloadrestservice.svc/getcontentxmlsecure?pid=1&cid=1",
        "",
    ],
)
def test_another_address_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(InvalidValueError) as caught:
        read_cloud_address(url, NOW)
    assert "s3cr3t" not in str(caught.value)
    assert "iss=" not in str(caught.value)


@pytest.mark.rule("CL-042", "CG-035", "CG-034")
def test_the_way_to_the_content_ends_where_nobody_knows_further() -> None:
    steps, reason = plan_cloud_fetch(read_cloud_address(URL, NOW), NOW)
    assert steps == (CloudStep.RESOLVE, CloudStep.CONNECT)
    assert "not public" in reason.text
    assert [step.name for step in CloudStep] == ["RESOLVE", "CONNECT", "RECEIVE", "FETCH"]


@pytest.mark.rule("CL-044")
def test_it_has_to_be_allowed_and_is_not_by_default() -> None:
    bar = find_cloud_bar(facts("10.0.0.1/8"))
    assert bar is not None
    assert bar.rule == "CL-044"
    assert find_cloud_bar(facts("10.0.0.1/8"), allowed=True) is None


@pytest.mark.rule("CL-043")
def test_it_takes_ipv4() -> None:
    bar = find_cloud_bar(facts("2001:db8::1/64"), allowed=True)
    assert bar is not None
    assert bar.rule == "CL-043"
    assert find_cloud_bar(facts("2001:db8::1/64", "10.0.0.1/8"), allowed=True) is None
    assert find_cloud_bar(facts(), allowed=True) is None  # unknown is no evidence
