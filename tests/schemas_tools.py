"""Schemas of documents about the machine, its settings, and the rules."""

from schemas_location import error_of
from schematypes import Schema, Types, flag, listed, mapped, or_null, record, schema_field, text, whole

from cmclient.config import SETTINGS
from cmclient.model.certificates import HeldCertificate
from cmclient.model.checkup import Check, Checkup, Level
from cmclient.model.client_setup import SetupSearch
from cmclient.model.reason import Reason
from cmclient.protocol.setupline import SetupItem
from cmclient.rules.catalogue import MODELLED, OUT_OF_SCOPE, OWED_TIERS, CatalogueRule

__all__ = ["certificates", "config", "doctor", "error", "rules", "setup_line"]


def certificates(types: Types) -> Schema:
    """The client certificates of this machine, and which one a client here would show."""
    one = {
        **types.fields(HeldCertificate, "where"),
        "verdict": text("What became of it.", choices=("chosen", "fits", "rejected")),
        **types.fields(HeldCertificate, "subject", "issuer"),
        "alternative_names": types.field(HeldCertificate, "alternatives"),
        "not_before": or_null(
            text("From when it is valid, ISO 8601, with its offset; null when it could not be read.")
        ),
        "not_after": or_null(text("Until when, likewise.")),
        **types.fields(HeldCertificate, "key"),
        "reasons": listed(types.of(Reason), "The rules that had a say; the last one decided."),
        **types.fields(HeldCertificate, "warnings"),
    }
    return record(
        {
            "schema": schema_field("certificates"),
            "use_pki_cert": flag("Whether the client is set to use a PKI certificate."),
            "client_certificate": or_null(text("The file or folder that was looked at; null when none is set.")),
            "chosen": or_null(
                text("The file or store of the one to use, and which one in it; null when there is none.")
            ),
            "why": types.of(Reason),
            "certificates": listed(types.define("Certificate", record(one, "A certificate.")), "Best first."),
        }
    )


def doctor(types: Types) -> Schema:
    """What is wrong with what a client on this machine depends on."""
    counts = {level.value: whole(f"Checks that came to {level.value}.", least=0) for level in Level}
    check = types.fields(Check, "area", "about", "level", "code", "what", "sure", "do")
    return record(
        {
            "schema": schema_field("doctor"),
            "time": text("When it began, in UTC, ISO 8601, by the clock of this machine."),
            **types.fields(Checkup, "seconds"),
            "healthy": flag("Whether nothing is wrong."),
            "counts": record(counts, "How many checks there are of each level."),
            "checks": listed(
                types.define("Check", record(check, "One thing that was looked at.")),
                "Everything that was looked at, by area, within it errors first.",
            ),
        }
    )


def setup_line(types: Types) -> Schema:
    """What a ccmsetup line means."""
    item = {
        **types.fields(SetupItem, "name", "kind"),
        "value": text("As written, without its quotes; empty where none was given; a secret is masked."),
        "meaning": text("What it is for."),
        "rule": types.field(SetupItem, "rule"),
        "setting": or_null(text("The setting that it becomes; null where it has no use here.")),
    }
    fetch = {
        "search": types.of(SetupSearch),
        "management_points": listed(text("Host name."), "Management points that setup is given, in order."),
        "folders": listed(text("A path."), "Folders that it is given, in order."),
        "retry_seconds": {"description": "Seconds between two attempts.", "type": "number"},
        "timeout_seconds": {"description": "Seconds after which it gives up.", "type": "number"},
        "steps": listed(types.of(Reason), "What it does, in order."),
    }
    published = or_null(types.of(Reason), "Why what the site publishes for installation is not read; null when it is.")
    return record(
        {
            "schema": schema_field("setup-line"),
            "usable": flag("Whether nothing is wrong with it."),
            "items": listed(types.define("Item", record(item, "A parameter or property.")), "As on the line."),
            "faults": listed(text("A sentence."), "What is wrong with it; empty when it can be used."),
            "notes": listed(text("A sentence."), "What would probably not do what it seems to do; may be empty."),
            "order": listed(
                text("A place."),
                "Where setup looks for settings, in order; empty with faults, or to remove it.",
            ),
            "published": published,
            "fetch": or_null(record(fetch), "From where setup would fetch its files; null likewise."),
            "missing": listed(types.of(Reason), "What such a line mostly has besides; empty likewise."),
        }
    )


def config(types: Types) -> Schema:
    """Every setting, by name, with where its value comes from. `--changed` leaves out those at their default."""
    one = record(
        {
            "value": text("As a settings file has it; `not set` for none, a secret is masked."),
            "origin": text("Where it comes from: `default`, a file, the setup line, a variable or an option."),
        },
        "A setting.",
    )
    reference = types.define("Setting", one)
    names = [setting.name for setting in SETTINGS]
    return mapped(reference, "", names={"enum": names})


def error(types: Types) -> Schema:
    """Why a command could not do its work.

    It comes in place of the document of the command, or as its last line.
    """
    del types
    return record({"schema": schema_field("error"), "error": error_of("What happened.")})


def rules(types: Types) -> Schema:
    """Rules of the catalogue, with the code that decides each and the tests that show it."""
    texts = types.fields(CatalogueRule, "id", "area", "tier", "milestone", "duplicate_of", "statement")
    texts["tier"] |= {"enum": [*OWED_TIERS, MODELLED, OUT_OF_SCOPE]}
    one = {
        **texts,
        "code": listed(text("File and name."), "Where the code decides it."),
        "tests": listed(text("File and name."), "Tests that show it; empty where one shows the rule that it repeats."),
        "shown": flag("Whether a test shows it."),
    }
    return listed(types.define("Rule", record(one, "A rule.")), "")
