r"""The ccmsetup line: the parameters and properties that a client is installed with.

A line is read as Windows reads it: blanks separate words, double quotes keep a word together (two of them inside quotes
are one), and a backslash is an ordinary character, so that ``/source:"\\server\a b\"`` means what it says. Nothing here
raises: what is wrong with a line is a value, and all of it is found at once.
"""

from collections.abc import Iterator

from ..model.rule import decides
from ..model.secret import Secret
from ..model.settings import closest_name
from .mpentry import parse_mp_entries, parse_mp_entry, split_mp_switch
from .setupnames import BY_NAME, KNOWN, SetupName, ValueForm, find_known
from .setupvalues import SetupItem, SetupKind, SetupLine

__all__ = [
    "KNOWN",
    "SetupItem",
    "SetupKind",
    "SetupLine",
    "SetupName",
    "ValueForm",
    "parse_mp_entries",
    "parse_mp_entry",
    "parse_setup_line",
    "split_mp_switch",
]

_MAX_LINE = 32 * 1024  # characters; Windows itself takes no longer command line
_MAX_WORDS = 1024  # a line has some twenty; more would only cost time and flood the reader with faults
_MAX_SUGGESTIONS = 20  # looking for similar names is slow
_INTUNE_LIMIT = 1024  # characters that Intune passes to ccmsetup.msi (IP-023)
_FULL_DISK = 100  # percent
_MOST_DIGITS = 9  # more than any of these values may have; the limit keeps the conversion cheap


def parse_setup_line(text: str) -> SetupLine:
    """Read a ccmsetup line; the name of the program may stand in front.

    Returns:
        What was recognised, with all faults and notes. A line of more than 32 KiB is a fault and nothing else.
    """
    if len(text) > _MAX_LINE:
        return SetupLine(faults=(f"the line has {len(text)} characters; {_MAX_LINE} are the most",))
    reading = _Reading(text)
    words, closed = _split(text)
    program = words.pop(0).strip().casefold() if words and _is_program(words[0]) else ""
    if not closed:
        reading.faults.append("a double quote has no partner")
    if len(words) > _MAX_WORDS:
        reading.faults.append(f"the line has more than {_MAX_WORDS} words; only the first ones were read")
    for position, word in enumerate(words[:_MAX_WORDS], start=1):
        reading.read(word, position)
    line = SetupLine(tuple(reading.items), tuple(reading.faults))
    return line._replace(faults=line.faults + _contradictions(line), notes=_notes(line, program))


def _split(text: str) -> tuple[list[str], bool]:
    """Words without their quotes, and whether every quote has its partner."""
    words: list[str] = []
    word: list[str] | None = None
    quoted = False
    index = 0
    while index < len(text):
        character = text[index]
        index += 1
        if character == '"':
            word = word or []
            if quoted and text[index : index + 1] == '"':
                word.append('"')
                index += 1
            else:
                quoted = not quoted
        elif quoted or not character.isspace():
            word = word or []
            word.append(character)
        elif word is not None:
            words.append("".join(word))
            word = None
    if word is not None:
        words.append("".join(word))
    return words, not quoted


def _is_program(word: str) -> bool:
    name = word.replace("/", "\\").rpartition("\\")[2].casefold()
    return name in {"ccmsetup", "ccmsetup.exe", "ccmsetup.msi"}


class _Reading:
    """One pass over the words of a line."""

    def __init__(self, text: str) -> None:
        self.items: list[SetupItem] = []
        self.faults: list[str] = []
        # A token that lost its name to a typing error must not be repeated as an unknown word.
        self._hush = "token" in text.casefold()
        self._wants_value = False
        self._suggestions = _MAX_SUGGESTIONS
        self._inside = False

    def read(self, word: str, position: int) -> None:
        """Take one word: an item, or a fault."""
        after_open_name, self._wants_value = self._wants_value, False
        if "\N{LEFT DOUBLE QUOTATION MARK}" in word or "\N{RIGHT DOUBLE QUOTATION MARK}" in word:
            self.faults.append(f"word {position} has typographic quotes; write plain double quotes")
            return
        if word[:1] in {"/", "-"}:
            self._parameter(word, position)
        elif "=" in word:
            self._property(word, position)
        elif (known := find_known(word)) is not None and known.kind is not SetupKind.PARAMETER:
            self._take(known, "", given=False)
        else:
            self._bare(word, position, after_open_name=after_open_name)

    def _parameter(self, word: str, position: int) -> None:
        ends = [index for index in (word.find(":"), word.find("=")) if index >= 0]
        end = min(ends, default=len(word))
        name, separator, value = word[1:end], word[end : end + 1], word[end + 1 :]
        known = BY_NAME.get(name.casefold())
        if known is None:
            self._wants_value = not value
            self._unknown(word[:end], position)
        elif known.kind is not SetupKind.PARAMETER:
            self.faults.append(f"{known.name} is a property: write {known.name}=VALUE, without '{word[0]}'")
        elif separator == "=":
            self.faults.append(f"{known.name} is a parameter: write {known.name}:VALUE, with a colon")
        else:
            self._take(known, value, given=bool(separator))

    def _property(self, word: str, position: int) -> None:
        name, _, value = word.partition("=")
        known = BY_NAME.get(name.casefold())
        if known is None:
            self._wants_value = not value
            self._unknown(name, position)
        elif known.kind is SetupKind.PARAMETER:
            self.faults.append(f"{known.name} is a parameter: write {known.name}:VALUE, with slash and colon")
        else:
            self._take(known, value, given=True)

    def _bare(self, word: str, position: int, *, after_open_name: bool) -> None:
        name = word.partition(":")[0]
        known = BY_NAME.get(name.casefold())
        self._wants_value = True
        if after_open_name:
            self.faults.append(f"word {position} stands alone; a value follows its name without a blank")
        elif known is None:
            self._unknown(name, position)
        elif known.kind is SetupKind.PARAMETER:
            self.faults.append(f"{known.name} is a parameter: write it with a slash")
        else:
            self.faults.append(f"{known.name} is a property: write {known.name}=VALUE")

    @decides("CI-040")
    def _unknown(self, name: str, position: int) -> None:
        shown = repr(name[:40])
        if self._hush or not name.removeprefix("/").removeprefix("-").isidentifier():
            shown = f"word {position}"  # it may hold a part of a secret
        text = f"{shown} is no known parameter or property"
        if self._suggestions > 0:
            self._suggestions -= 1
            bare = name.lstrip("/-").casefold()
            # INSTALL=... is met in the field, and what is like it by its letters removes the client, or one before it.
            closest = None if bare == "install" else closest_name(bare, BY_NAME)
            text += f"; did you mean {BY_NAME[closest].name}?" if closest else ""
        self.faults.append(text)

    def _take(self, known: SetupName, value: str, *, given: bool) -> None:
        self.items.append(SetupItem(known.name, known.kind, Secret(value) if known.secret else value, known.rule))
        if not value.strip():
            if known.form.required:
                self._wants_value = True
                self.faults.append(f"{known.name} needs a value: {known.form.words}")
            elif given and value:
                self.faults.append(f"{known.name} has a blank value")
        elif not known.form.allowed:
            self.faults.append(f"{known.name} takes no value")
        elif not value.isprintable():
            self.faults.append(f"{known.name} has control characters in its value")
        elif problem := known.form.check(value):
            self.faults.append(f"{known.name}: {problem}")
        if known.kind is SetupKind.MSI_PROPERTY:
            self._pass_on(known.name, value)

    def _pass_on(self, name: str, value: str) -> None:
        """Read what ccmsetup.msi passes on to ccmsetup.exe; nothing passes on twice."""
        if self._inside:
            self.faults.append(f"{name} is for ccmsetup.msi, so it cannot be passed on itself")
            return
        self._inside = True
        words, closed = _split(value)
        before = len(self.faults)
        if not closed:
            self.faults.append("a double quote has no partner")
        for position, word in enumerate(words[:_MAX_WORDS], start=1):
            self.read(word, position)
        self.faults[before:] = [f"{name}: {fault}" for fault in self.faults[before:]]
        self._inside = False


@decides("SA-023", "IP-039")
def _contradictions(line: SetupLine) -> tuple[str, ...]:
    """Values that are right alone and wrong together."""
    if line.find("CCMHOSTNAME") is not None and (line.find("SMSSITECODE") or "").upper() == "AUTO":
        return ("CCMHOSTNAME needs a site code: internet clients are not assigned automatically (SMSSITECODE=AUTO)",)
    return ()


@decides("IP-014", "IP-015", "IP-023", "IP-053", "IP-055", "IP-082", "IP-084", "SA-025", "TR-015")
def _notes(line: SetupLine, program: str) -> tuple[str, ...]:
    """What setup would take without a word, and what then does not do what it seems to do."""

    def has(*names: str) -> bool:
        return any(line.find(name) is not None for name in names)

    site = (line.find("SMSSITECODE") or "AUTO").upper()
    from_msi = program.endswith(".msi") or has("CCMSETUPCMD")
    missing = [name for name in ("CCMHOSTNAME", "SMSSITECODE", "SMSMP") if not has(name)]
    retry, timeout, size = (_number(line.find(name)) for name in ("/retry", "/downloadtimeout", "SMSCACHESIZE"))
    selection = (line.find("CCMCERTSEL") or "").lstrip().upper()
    percent = "PERCENT" in (line.find("SMSCACHEFLAGS") or "").upper()
    passed_on = next((item.value for item in line.items if item.name == "CCMSETUPCMD"), "")
    length = len(passed_on.reveal() if isinstance(passed_on, Secret) else passed_on)
    notes = {
        f"/regtoken is usually given with {', '.join(missing)}": has("/regtoken") and missing,
        "/UsePKICert keeps the client from getting Entra data from a gateway": has("/UsePKICert")
        and has("AADCLIENTAPPID", "AADRESOURCEURI", "AADTENANTID"),
        "/retry is longer than /downloadtimeout, so there is one attempt": retry is not None
        and retry > (1440 if timeout is None else timeout),
        "SITEREASSIGN counts only together with SMSSITECODE=AUTO": has("SITEREASSIGN")
        and (line.find("SMSSITECODE") or "").upper() != "AUTO",
        "a trusted root key needs a site code in SMSSITECODE": has("SMSPUBLICROOTKEY", "SMSROOTKEYPATH")
        and site == "AUTO",
        "CCMALWAYSINF needs CCMHOSTNAME and a site code in SMSSITECODE": has("CCMALWAYSINF")
        and (not has("CCMHOSTNAME") or site == "AUTO"),
        "PROVISIONTS counts only when ccmsetup.msi is run": has("PROVISIONTS") and not from_msi,
        "CCMSETUPCMD counts only when ccmsetup.msi is run": has("CCMSETUPCMD") and program.endswith(".exe"),
        f"CCMSETUPCMD is longer than the {_INTUNE_LIMIT} characters that Intune passes on": length > _INTUNE_LIMIT,
        "SMSCACHESIZE is a percentage here, and more than 100": percent and size is not None and size > _FULL_DISK,
        "SMSDIRECTORYLOOKUP is for older editions": has("SMSDIRECTORYLOOKUP"),
        "CCMCERTSEL=SubjectStr: finds parts of alternative names too, which no site can set: what the directory or"
        " client push says of the site takes its place": selection.startswith("SUBJECTSTR:"),
        "/native and SMSSLP are for CM 2007": has("/native", "SMSSLP"),
    }
    return (*_repeated(line), *(text for text, applies in notes.items() if applies))


def _repeated(line: SetupLine) -> Iterator[str]:
    """Names that stand there with two values, of which one is lost."""
    values: dict[str, set[str]] = {}
    for item in line.items:
        known = find_known(item.name)
        if known is not None and not known.adds_up:
            given = item.value.reveal() if isinstance(item.value, Secret) else item.value
            values.setdefault(item.name, set()).add(given)
    return (f"{name} is given more than once: the last one counts" for name, each in values.items() if len(each) > 1)


def _number(value: str | None) -> int | None:
    return int(value) if value and value.isascii() and value.isdigit() and len(value) <= _MOST_DIGITS else None
