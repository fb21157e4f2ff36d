"""Settings written to a file are read again as they were."""

import tomllib

import pytest

from cmclient.model.secret import Secret
from cmclient.settings_toml import write_settings


@pytest.mark.parametrize(
    "value",
    [
        "plain",
        'a "quote" and a \\ stroke',
        "tab\tand\nline",
        "Zürich",
        "/home/\N{GRINNING FACE}/ca.pem",
        "\x7f\x01",
        "",
        8,
        0.5,
        True,
    ],
)
def test_value__is_read_again_as_it_was(value: object) -> None:
    assert tomllib.loads(write_settings({"name": value, "names": (value, value)})) == {
        "name": value,
        "names": [value, value],
    }


def test_secret__is_written_as_it_is() -> None:
    assert tomllib.loads(write_settings({"password": Secret("s")})) == {"password": "s"}
