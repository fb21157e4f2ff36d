"""The ccmsetup line: no text makes the parser raise, and what it prints it can read."""

from hypothesis import given
from hypothesis import strategies as st

from cmclient.errors import InvalidValueError
from cmclient.protocol.setupline import KNOWN, parse_mp_entries, parse_mp_entry, parse_setup_line

NAMES = [one.name for one in KNOWN]
PIECES = st.sampled_from(
    [*NAMES, "/", "-", ":", "=", '"', '""', " ", ";", ",", "|", "\\", "\\\\", "https://", "AUTO", "1"]
)
LINES = st.one_of(st.text(max_size=200), st.lists(PIECES | st.text(max_size=8), max_size=40).map("".join))
SECRETS = st.text(st.characters(categories=["Lu", "Ll", "Nd"]), min_size=12, max_size=40)


@given(LINES)
def test_any_text_is_read(text: str) -> None:
    line = parse_setup_line(text)
    names = {item.name for item in line.items}
    assert names <= set(NAMES)
    assert all(line.find(name) is not None for name in names)
    assert all(fault.isprintable() for fault in line.faults)


@given(LINES)
def test_a_line_without_faults_reads_the_same_from_what_it_prints(text: str) -> None:
    line = parse_setup_line(text)
    if not line.faults and not any(item.name == "CCMSETUPCMD" for item in line.items):
        again = parse_setup_line(" ".join(str(item) for item in line.items))
        assert [str(item) for item in again.items] == [str(item) for item in line.items]
        assert again.faults == ()


@given(
    st.lists(st.tuples(st.sampled_from([name for name in NAMES if name != "/source"]), st.integers(0, 9)), max_size=12)
)
def test_the_last_one_wins_whatever_stands_between(given_words: list[tuple[str, int]]) -> None:
    words = [f"{name}{':' if name.startswith('/') else '='}{value}" for name, value in given_words]
    line = parse_setup_line(" ".join(words))
    secret = {one.name for one in KNOWN if one.secret}
    for name, value in dict(given_words).items():
        assert line.find(name) == ("***" if name in secret else str(value))


@given(LINES, SECRETS, LINES)
def test_a_token_never_shows(before: str, secret: str, after: str) -> None:
    line = parse_setup_line(f"{before.replace(chr(34), '')} /regtoken:{secret} {after}")
    shown = " ".join((*line.faults, *line.notes, repr(line), *map(str, line.items)))
    assert secret not in shown.replace(before, "").replace(after, "")


@given(st.text(max_size=80))
def test_an_entry_is_a_management_point_or_an_invalid_value(text: str) -> None:
    for parse in (parse_mp_entry, parse_mp_entries):
        try:
            found = parse(text)
        except InvalidValueError:
            continue
        assert found == parse(text)
