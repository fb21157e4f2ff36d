"""A location reply of 2 MiB with all limits on, and hostile ones of 50 MiB, beside defusedxml and lxml.

Ours reads the reply into the values that a workflow gets and tells what it does not know; the others build a tree and
take the addresses out of it. Of a hostile document the whole is there in memory for everybody.
"""

import importlib
from collections.abc import Callable
from pathlib import Path

from harness import Goal, Measured, Race, call, finish, has_module, options_of, race

from cmclient.errors import ProtocolError
from cmclient.protocol.content_replies import parse_content_location_reply
from cmclient.protocol.xmlsafe import parse_xml

SAMPLE = Path(__file__).parents[1] / "vectors" / "samples" / "contentlocationreply-boundarygroups-2019.xml"
MEBIBYTE = 2**20
OURS, TREE, DEFUSED, LXML = "cmclient, to values", "cmclient, to a tree", "defusedxml", "lxml"


def reply(size: int) -> bytes:
    """A content location reply of about that size: sources as a site names them, each with several addresses."""
    record = (
        '<LocationRecord><URL Name="http://dp{0}.corp.test/SMS_DP_SMSPKG$/P0100001" Signature="http://dp{0}.corp.test/'
        'SMS_DP_SMSSIG$/P0100001.1.tar" Capability="0"/><URL Name="https://dp{0}.corp.test/SMS_DP_SMSPKG$/P0100001"'
        ' Signature="" Capability="3"/><ADSite Name="Site{0}"/><IPSubnets><IPSubnet Address="10.{1}.{2}.0"/>'
        '<IPSubnet Address=""/></IPSubnets><Metric Value=""/><Version>9128</Version><Capabilities SchemaVersion="1.0">'
        '<Property Name="SSLState" Value="0"/></Capabilities><ServerRemoteName>dp{0}.corp.test</ServerRemoteName>'
        '<DPType>SERVER</DPType><Windows Trust="1"/><Locality>BOUNDARYGROUP</Locality></LocationRecord>'
    )
    length = len(record)
    records = [record.format(number, number >> 8 & 255, number & 255) for number in range(size // length)]
    sites = "".join(
        '<Site><MPSite SiteCode="P01" MasterSiteCode="P01" SiteLocality="LOCAL"/><LocationRecords>'
        + "".join(records[start : start + 500])
        + "</LocationRecords></Site>"
        for start in range(0, len(records), 500)
    )
    return f'<ContentLocationReply SchemaVersion="1.00"><Sites>{sites}</Sites></ContentLocationReply>'.encode()


HOSTILE: dict[str, Callable[[int], bytes]] = {
    "depth": lambda size: b"<a>" * (size // 7) + b"</a>" * (size // 7),
    "one giant token": lambda size: b"<a>" + b"x" * size + b"</a>",
    "one giant attribute": lambda size: b'<a b="' + b"x" * size + b'"/>',
    "a million attributes": lambda size: (
        b"<a " + b" ".join(b'a%d="%s"' % (n, b"x" * 38) for n in range(size // 50)) + b"/>"
    ),
    "honest shape": reply,
}


def others() -> tuple[dict[str, Callable[[bytes], object]], dict[str, str]]:
    """The peers that are here, and those that are not."""
    here: dict[str, Callable[[bytes], object]] = {}
    missing = {}
    if has_module("defusedxml"):
        here[DEFUSED] = importlib.import_module("defusedxml.ElementTree").fromstring
    else:
        missing[DEFUSED] = "not installed"
    if has_module("lxml"):
        etree = importlib.import_module("lxml.etree")
        here[LXML] = lambda data: etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True))
    else:
        missing[LXML] = "not installed"
    return here, missing


def _extracted(parse: Callable[[bytes], object], data: bytes) -> int:
    root = parse(data)
    return len([[url.get("Name") for url in one.iter("URL")] for one in root.iter("LocationRecord")])  # type: ignore[attr-defined]


def measure_reply(size: int, rounds: int) -> Race:
    """The honest one."""
    data = reply(size)
    here, missing = others()
    count = sum(len(site.records) for site in parse_content_location_reply(data).sites)
    contestants = {
        OURS: lambda: call(lambda: parse_content_location_reply(data)),
        TREE: lambda: call(lambda: _extracted(lambda one: parse_xml(one, where="reply"), data)),
    }
    for name, parse in here.items():
        if _extracted(parse, data) != count:
            raise SystemExit(f"{name} finds other records")
        contestants[name] = lambda parse=parse: call(lambda: _extracted(parse, data))  # type: ignore[misc]
    goals = [Goal(TREE, DEFUSED, 1.0), Goal(OURS, DEFUSED, 1.0)]
    note = f"{len(data):,} bytes, {count} records"
    return race("Location reply of 2 MiB", contestants, rounds=rounds, missing=missing, goals=goals, notes=[note])


def measure_hostile(name: str, size: int) -> Race:
    """A hostile one; once for each, as some take minutes and gigabytes."""
    data = HOSTILE[name](size)
    here, missing = others()
    notes = []

    def judged(parse: Callable[[bytes], object], who: str) -> Callable[[], Measured]:
        def run() -> Measured:
            told = "accepted"

            def attempt() -> None:
                nonlocal told
                try:
                    parse(data)
                except (ProtocolError, SyntaxError, ValueError) as error:
                    told = f"refused ({type(error).__name__})"

            measured = call(attempt)
            notes.append(f"{who}: {told}")
            return measured

        return run

    contestants = {OURS: judged(parse_content_location_reply, OURS)}
    contestants |= {who: judged(parse, who) for who, parse in here.items()}
    goals = [Goal(OURS, DEFUSED, 1 / 5)]
    return race(f"Hostile reply: {name}", contestants, rounds=1, missing=missing, goals=goals, warm_up=False)._replace(
        notes=tuple(notes)
    )


def main() -> None:
    """Measure and print."""
    options = options_of(__doc__)
    size = (50 if options.full else 10) * MEBIBYTE
    races = [measure_reply(2 * MEBIBYTE, options.rounds or 9)]
    finish(races + [measure_hostile(name, size) for name in HOSTILE], options.json)


if __name__ == "__main__":
    main()
