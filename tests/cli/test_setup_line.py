"""``cmclient setup-line check`` as a person runs it."""

import json

from ourcommand import run_command


def run(*arguments: str) -> tuple[int, str]:
    done = run_command(*arguments, code=None)
    return done.returncode, done.stdout


def test_a_good_line__what_each_part_becomes() -> None:
    line = "/UsePKICert CCMHOSTNAME=gw.example.net/CCM_Proxy_MutualAuth/7205 SMSSITECODE=ABC /regtoken:s3cr3t"
    code, out = run("setup-line", "check", line, "--format", "json")
    document = json.loads(out)
    assert (code, document["usable"], document["faults"]) == (0, True, [])
    becomes = {one["name"]: one["setting"] for one in document["items"]}
    assert becomes == {
        "/UsePKICert": "use_pki_cert",
        "CCMHOSTNAME": "internet_mp",
        "SMSSITECODE": "site_code",
        "/regtoken": None,
    }
    assert document["published"]["rule"] == "AD-015"
    assert "s3cr3t" not in out + run("setup-line", "check", line)[1]


def test_a_wrong_line__everything_that_is_wrong() -> None:
    code, out = run("setup-line", "check", "/nosource SMSITECODE=ABC CCMHOSTNAME=https://a.b")
    assert code == 9
    assert "Wrong: '/nosource'" in out
    assert "did you mean SMSSITECODE?" in out
    assert "leave out what stands before the host" in out


def test_a_line_without_quotes__is_the_line() -> None:
    words = ("/UsePKICert", "/mp:mp1.corp.test", "SMSSITECODE=ABC")
    assert run("setup-line", "check", *words) == run("setup-line", "check", " ".join(words))


def test_a_line_that_removes__nothing_is_fetched_and_nothing_is_missing() -> None:
    code, out = run("setup-line", "check", "/uninstall")
    assert code == 0
    assert "Nothing is installed and nothing fetched" in out
    assert "Missing" not in out
    document = json.loads(run("setup-line", "check", "/uninstall", "--format", "json")[1])
    assert (document["fetch"], document["missing"]) == (None, [])
    assert json.loads(run("setup-line", "check", "SMSSITECODE=ABC", "--format", "json")[1])["missing"]


def test_switches_of_client_setup__the_settings_that_they_become() -> None:
    line = r"/mp:mp1.corp.test /source:\\files\client /retry:20 /downloadtimeout:60 /logon"
    code, out = run("setup-line", "check", line, "--format", "json")
    becomes = {one["name"]: one["setting"] for one in json.loads(out)["items"]}
    assert code == 0
    assert becomes == {
        "/mp": "setup_mps",
        "/source": "setup_sources",
        "/retry": "setup_retry",
        "/downloadtimeout": "setup_timeout",
        "/logon": None,
    }


def test_what_is_heeded_without_a_setting__is_told_from_what_has_no_use() -> None:
    _, out = run("setup-line", "check", "/config:c.ini /logon SMSCONFIGSOURCE=UP SMSSITECODE=AUTO SITEREASSIGN=TRUE")
    ends = {line.split()[0]: line for line in out.splitlines() if line.startswith("  ")}
    assert all(ends[name].endswith("none, it counts") for name in ("/config", "SMSCONFIGSOURCE", "SITEREASSIGN"))
    assert ends["/logon"].endswith("recognised, no use for it here")


def test_a_good_line__from_where_setup_would_fetch_and_what_is_missing() -> None:
    line = r"/mp:mp1.a.test /source:C:\client SMSSITECODE=ABC"
    code, out = run("setup-line", "check", line)
    assert code == 0
    assert "  1. ask mp1.a.test over HTTP" in out
    assert r"read the folder C:\client (CI-004)" in out
    assert "SMSMP: /mp is for the files of installation alone" in out
    document = json.loads(run("setup-line", "check", line, "--format", "json")[1])
    assert document["fetch"]["search"] == "given-then-discover"
    assert document["fetch"]["management_points"] == ["mp1.a.test"]
    assert document["fetch"]["folders"] == [r"C:\client"]
    assert document["fetch"]["steps"][0]["rule"] == "CI-007"
    assert {one["rule"] for one in document["missing"]} == {"ML-008", "FS-001"}


def test_a_wrong_line__leads_nowhere() -> None:
    document = json.loads(run("setup-line", "check", "/nosource", "--format", "json")[1])
    assert (document["fetch"], document["missing"]) == (None, [])
