"""``locate`` against a directory, DNS and a management point of this machine, beside what else one would run.

The site is the lab's, in a process of its own. The plain script does the same exchanges with ldap3, dnspython and
requests and checks nothing; the three commands do one of them each: the search of the directory, one record, one list.
"""

import shlex
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness import Goal, Race, environment, finish, folder, options_of, python, race_commands, run_process

HERE = Path(__file__).parent
DOMAIN, ADDRESS = "corp.test", "127.46.10.42/24"
LOCATE, SCRIPT, COMMANDS = "cmclient locate", "script: ldap3, dnspython, requests", "ldapsearch; dig; curl"
CATALOG = "dc1.corp.test"
PATIENCE = 60.0  # seconds for the lab to start


@contextmanager
def lab(place: Path) -> Iterator[Path]:
    """Run the site; gives the settings of its client."""
    settings = place / "client.toml"
    command = python("-m", "cmclient", "lab", "serve", "--lab-file", str(HERE / "site.toml"))
    with (place / "lab.txt").open("w+") as said:
        serving = subprocess.Popen(  # noqa: S603 - our own
            [*command, "--write-config", str(settings)], env=environment(), stdout=said, stderr=said
        )
        try:
            until = time.monotonic() + PATIENCE
            while not settings.exists() or "dns_suffix" not in (place / "lab.txt").read_text():
                if serving.poll() is not None or time.monotonic() > until:
                    sys.exit(f"the lab does not start: {(place / 'lab.txt').read_text()[-500:]}")
                time.sleep(0.05)
            yield settings
        finally:
            serving.terminate()
            serving.wait()


def commands_of(path: Path) -> str:
    """The three commands as a line of a shell."""
    settings = tomllib.loads(path.read_text())
    server, _, port = settings["dns_servers"][0].partition(":")
    dig = f"dig +short +time=5 @{server} -p {port}"
    catalog = f"$({dig} _gc._tcp.{DOMAIN} SRV | cut -d' ' -f3)"
    search = (
        f"LDAPTLS_REQCERT=never ldapsearch -ZZ -x -LLL -H ldap://127.46.0.10:$GC -D {settings['directory_user']}"
        f" -w {shlex.quote(settings['directory_password'])} -b '' '(objectClass=mSSMSManagementPoint)'"
    )
    web = f"curl -sf http://127.46.1.1:{settings['http_port']}/sms_mp/.sms_aut?mplist"
    gc = subprocess.run(["sh", "-c", f"echo {catalog}"], capture_output=True, text=True, check=True)  # noqa: S603, S607
    return f"GC={gc.stdout.strip()}; {search} && {dig} _mssms_mp_p01._tcp.{DOMAIN} SRV && {web}"


def measure(rounds: int) -> list[Race]:
    """All contestants in one race."""
    with folder() as place, lab(place) as settings:
        located = [
            *python("-m", "cmclient", "locate", "--config", str(settings), "--domain", DOMAIN, "--forest", DOMAIN),
            *("--address", ADDRESS, "--set", "use_pki_cert=false", "--store", str(place / "store.sqlite3")),
        ]
        script = python(str(HERE / "plain_locate.py"), str(settings), DOMAIN)
        for command in (located, script):
            run_process(command, output=_require_mp)
        commands, missing = {LOCATE: located, SCRIPT: script}, {}
        if gone := [name for name in ("ldapsearch", "dig", "curl") if shutil.which(name) is None]:
            missing[COMMANDS] = f"{', '.join(gone)} not installed"
        else:
            commands[COMMANDS] = ["sh", "-c", commands_of(settings)]
            run_process(commands[COMMANDS], output=_require_mp)
        goals = [Goal(LOCATE, SCRIPT, 0.9), Goal(LOCATE, SCRIPT, 0.9, "cpu")]
        note = "the script: two SRV records, two addresses, four searches over StartTLS, two lists, as locate does"
        race = race_commands(
            "Locate on loopback", commands, rounds=rounds, cwd=place, missing=missing, goals=goals, notes=[note]
        )
    return [race]


def _require_mp(said: str) -> None:
    if "mp1.corp.test" not in said.lower():
        sys.exit(f"the management point was not found: {said[-500:]}")


def main() -> None:
    """Measure and print."""
    options = options_of(__doc__)
    finish(measure(options.rounds or 15), options.json)


if __name__ == "__main__":
    main()
