"""Facts given by hand: what they replace, what they clear, and that nothing is written."""

import argparse
import json
from pathlib import Path

import pytest

from cmclient.cli.options import add_facts, add_settings, read_run, read_settings
from cmclient.errors import ConfigError
from cmclient.protocol.saved import FACTS_SCHEMA


def run_of(*arguments: str):  # type: ignore[no-untyped-def]  # noqa: ANN201
    parser = argparse.ArgumentParser()
    add_settings(parser)
    add_facts(parser)
    parsed = parser.parse_args(arguments)
    return read_run(parsed, read_settings(parsed))


@pytest.mark.parametrize(
    ("arguments", "writes"),
    [
        ((), True),
        (("--site-code", "ABC"), True),
        (("--set", "deadline=3"), True),
        (("--ad-site", "Berlin"), False),
        (("--client-kind", "mac"), False),
        (("--set", "client-kind=mac"), False),
        (("--set", "always_internet=true"), False),
        (("--setup-line", "CCMALWAYSINF=1"), False),
        (("--setup-line", "SMSSITECODE=ABC"), True),
    ],
)
def test_a_fact_by_hand__makes_it_a_what_if(arguments: tuple[str, ...], writes: bool) -> None:  # noqa: FBT001
    assert run_of(*arguments).writes is writes


def test_another_domain__takes_nothing_of_this_machines_own() -> None:
    replaced = run_of("--domain", "other.test").replaced
    assert {name: replaced[name] for name in ("forest", "ad_site", "trusted_forests", "domain_controllers")} == {
        "forest": None,
        "ad_site": None,
        "trusted_forests": (),
        "domain_controllers": (),
    }
    assert not run_of("--domain", "other.test").remembers
    assert run_of("--domain", "other.test", "--forest", "root.test").replaced["forest"] == "root.test"


def test_another_address__is_in_no_known_ad_site_unless_that_is_given() -> None:
    assert run_of("--address", "10.1.2.3/24").replaced["ad_site"] is None
    assert run_of("--address", "10.1.2.3/24", "--ad-site", "Berlin").replaced["ad_site"] == "Berlin"


def test_facts_of_another_machine__do_not_remember(tmp_path: Path) -> None:
    path = tmp_path / "facts.json"
    path.write_text(json.dumps({"schema": FACTS_SCHEMA, "host": "pc9", "origins": {"host": "there"}}))
    run = run_of("--facts", str(path))
    assert (run.remembers, run.writes, run.facts.origins) == (False, False, {"host": f"given in {path}"})


@pytest.mark.parametrize(
    "document",
    [
        {"schema": FACTS_SCHEMA, "adapters": [{"name": "e", "addresses": [{"address": "garbage"}]}]},
        {
            "schema": FACTS_SCHEMA,
            "adapters": [{"name": "e", "addresses": [{"address": "10.1.2.3", "prefix": 99}]}],
        },
        {"schema": FACTS_SCHEMA, "host": "a b"},
        {"schema": "other"},
        [],
    ],
)
def test_facts_file__that_holds_none__is_a_usage_error(document: object, tmp_path: Path) -> None:
    path = tmp_path / "facts.json"
    path.write_text(json.dumps(document))
    with pytest.raises(ConfigError, match="--facts"):
        run_of("--facts", str(path))
