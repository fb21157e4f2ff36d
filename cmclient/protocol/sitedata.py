"""Boundary data from files of any number and kind: TOML, JSON of the administration service, CSV, LDIF."""

import codecs
import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

from ..errors import ConfigError
from ..model.groups import DataFault, SiteData
from .sitedata_csv import read_csv
from .sitedata_join import join_records
from .sitedata_json import read_json
from .sitedata_ldif import read_ldif
from .sitedata_records import BoundaryCheck, Place, Records
from .sitedata_toml import build_site_data, read_toml

__all__ = ["SiteDataRead", "SourceFile", "build_site_data", "parse_site_data", "read_site_data"]

_Reader = Callable[[str, str, Records], None]
_BY_ENDING: dict[str, _Reader] = {
    "toml": read_toml,
    "json": read_json,
    "csv": read_csv,
    "tsv": read_csv,
    "ldif": read_ldif,
    "ldf": read_ldif,
}
_LOOKED_AT = 2000  # characters from which the kind of a file without an ending is told
_JSON = re.compile(r"\s*(\{|\[\s*[{\]])")
_LDIF = re.compile(r"^(dn|version)::? ?\S", re.MULTILINE)
_CSV = re.compile(r"""(#TYPE |"?[A-Za-z_]\w*"?[,;\t]"?[A-Za-z_])""")
_BOMS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


class SourceFile(NamedTuple):
    """A file.

    Attributes:
        name: Its name; the ending tells what it is, and where there is none, the content does.
        data: What is in it.
    """

    name: str
    data: bytes


class SiteDataRead(NamedTuple):
    """What was read.

    Attributes:
        data: Everything that can be used.
        faults: Everything that cannot, in the order of the files; first what is wrong by itself, then what refers to
            something that is not there.
        notes: What a person should know, and need not mend: in what other form a value was kept, what is not known.
    """

    data: SiteData
    faults: tuple[DataFault, ...] = ()
    notes: tuple[str, ...] = ()


def read_site_data(files: Iterable[SourceFile], *, check: BoundaryCheck | None = None) -> SiteDataRead:
    """Read files as one hierarchy's boundary data. Never fails: what is wrong is in the result.

    Args:
        files: In any order; one may refer to what another one has.
        check: Says whether the value of a boundary can be one of its kind; None to leave that open.
    """
    records = Records(check)
    for file in files:
        _read_file(file, records)
    data = join_records(records)
    if records.unlisted_faults:
        more = f"{records.unlisted_faults} more"
        records.faults.append(DataFault("the data", "", "", f"has {more} faults, which are not listed", more))
    if records.unlisted_notes:
        records.notes.append(f"{records.unlisted_notes} more notes are not listed")
    return SiteDataRead(data, tuple(records.faults), tuple(records.notes))


def parse_site_data(data: bytes, *, name: str, check: BoundaryCheck | None = None) -> SiteData:
    """Read one file in which nothing may be wrong.

    Args:
        data: The file.
        name: What to call it in messages.
        check: As for :func:`read_site_data`.

    Raises:
        ConfigError: Something is; every fault is in it.
    """
    read = read_site_data([SourceFile(name, data)], check=check)
    if read.faults:
        raise ConfigError(tuple(map(str, read.faults)), hint="mend the file; nothing of it was used")
    return read.data


def _read_file(file: SourceFile, records: Records) -> None:
    whole = Place(file.name, "")
    bom = next((one for one in _BOMS if file.data.startswith(one)), b"")
    encoding = _BOMS.get(bom, "utf-8")
    if bom:
        records.note(whole, "", f"begins with a byte order mark and is read as {encoding.removesuffix('-sig')}")
    try:
        text = file.data.decode(encoding)
    except UnicodeDecodeError:
        problem = f"is no {encoding.removesuffix('-sig').upper()}; save or export it again, with -Encoding UTF8"
        records.fault(whole, "", problem, "the whole file")
        return
    _reader(file.name, text)(text, file.name, records)


def _reader(name: str, text: str) -> _Reader:
    ending = name.rpartition(".")[2].lower()
    if ending in _BY_ENDING:
        return _BY_ENDING[ending]
    head = text[:_LOOKED_AT]
    if _JSON.match(head):
        return read_json
    if _CSV.match(head):
        return read_csv
    return read_ldif if _LDIF.search(head) else read_toml
