"""Names of files that come from the network: joined inside the target, or refused."""

from pathlib import PurePosixPath, PureWindowsPath

import pytest

from cmclient.errors import InvalidValueError, ListingError, UnsafeNameError
from cmclient.model.download import FileEntry, FileHash, HashAlgorithm, RelativeName
from cmclient.model.endpoints import Endpoint, Scheme
from cmclient.model.names import HostName
from cmclient.protocol.links import MAX_FILES, build_file_path, find_name, require_distinct

DP = Endpoint(Scheme.HTTPS, HostName("dp.contoso.com"), 443)
FOLDER = "/SMS_DP_SMSPKG$/ABC00001"


@pytest.mark.parametrize(
    "name",
    [
        "setup.exe",
        "x64/client.msi",
        ".hidden",
        "a b.txt",
        "50%.txt",
        "naïve #1 & co.txt",
        "con1",
        "console.txt",
        "a" * 255,
    ],
)
def test_usual_name__is_taken_as_it_stands(name: str) -> None:
    assert RelativeName(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "..",
        "../evil",
        "a/../../evil",
        "a/..",
        "./a",
        "/etc/passwd",
        "//server/share",
        "a//b",
        "a/",
        "C:/Windows",
        "c:evil",
        "a\\b",
        "\\\\server\\share",
        "file.txt:stream",
        "CON",
        "con.txt",
        "a/NUL",
        "aux .txt",
        "Com1.log",
        "lpt\u00b2",
        "CONIN$",
        "tail.",
        "tail ",
        " head",
        "a\0b",
        "a\nb",
        "a\x7fb",
        "a\u202etxt.exe",
        "\ud800",
        "what?",
        "a*b",
        "a" * 256,
        "é" * 128,
        "d/" * 32 + "f",
        "a" * 400,
        "/".join(["a" * 39] * 10),
        ".cmclient/journal",
        ".CMClient/x",
    ],
)
def test_name_that_could_do_harm__is_refused(name: str) -> None:
    with pytest.raises(InvalidValueError):
        RelativeName(name)


def test_longest_name__is_taken_and_one_more_is_not() -> None:
    longest = "/".join(["a" * 86, "b" * 86, "c" * 85])
    assert len(longest) == 259
    assert PureWindowsPath(RelativeName(longest)).name == "c" * 85
    with pytest.raises(InvalidValueError, match="259 characters"):
        RelativeName(longest + "c")


@pytest.mark.parametrize(
    ("link", "name"),
    [
        ("https://dp.contoso.com/SMS_DP_SMSPKG$/ABC00001/file.txt", "file.txt"),
        ("http://dp.contoso.com/SMS_DP_SMSPKG$/ABC00001/sub/file.txt", "sub/file.txt"),  # asked over HTTPS all the same
        ("http://DP.contoso.com.:8080/sms_dp_smspkg$/abc00001/File.txt", "File.txt"),
        ("/SMS_DP_SMSPKG$/ABC00001/a%20b%23.txt", "a b#.txt"),
        ("/SMS_DP_SMSPKG%24/ABC00001/x", "x"),
        ("//dp.contoso.com/SMS_DP_SMSPKG$/ABC00001/x", "x"),
        ("sub/x.txt", "sub/x.txt"),
        ("/SMS_DP_SMSPKG$/ABC00001/%C3%A9", "é"),
        ("/SMS_DP_SMSPKG$/ABC00001/sub/", "sub"),
        ("/SMS_DP_SMSPKG$/ABC00001/", None),
        ("/SMS_DP_SMSPKG$/", None),
        ("/", None),
        ("?C=N;O=D", None),
    ],
)
def test_link__is_rewritten_onto_the_server_that_was_asked(link: str, name: str | None) -> None:
    assert find_name(link, DP, FOLDER) == name


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.test/SMS_DP_SMSPKG$/ABC00001/file.txt",
        "http://dp.contoso.com@evil.test/SMS_DP_SMSPKG$/ABC00001/x",
        "//evil.test/SMS_DP_SMSPKG$/ABC00001/x",
        "ftp://dp.contoso.com/SMS_DP_SMSPKG$/ABC00001/x",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "/SMS_DP_SMSPKG$/ABC00002/file.txt",
        "/SMS_DP_SMSPKG$/ABC00001/../ABC00002/file.txt",
        "/SMS_DP_SMSPKG$/ABC00001/%2e%2e/x",
        "/SMS_DP_SMSPKG$/ABC00001/..%2fx",
        "/SMS_DP_SMSPKG$/ABC00001/a%5Cb",
        "/SMS_DP_SMSPKG$/ABC00001/%00",
        "/SMS_DP_SMSPKG$/ABC00001/%FF",
        "../x",
        "/SMS_DP_SMSPKG$/ABC00001/" + "a" * 400,
        "/" + "a" * 9000,
    ],
)
def test_link_elsewhere__is_refused(link: str) -> None:
    with pytest.raises(UnsafeNameError):
        find_name(link, DP, FOLDER)


def test_request_for_a_file__keeps_the_dollar_sign_and_the_query() -> None:
    assert build_file_path(FOLDER + "/", RelativeName("a b/50%#.txt")) == f"{FOLDER}/a%20b/50%25%23.txt"
    assert build_file_path("/content?token=a/b", RelativeName("x")) == "/content/x?token=a/b"


def entries(*names: str) -> list[FileEntry]:
    return [FileEntry(RelativeName(name)) for name in names]


@pytest.mark.parametrize(
    "names", [("a", "A"), ("x/é", "X/É"), ("x/e\u0301", "x/é"), ("a", "a/b"), ("A/b/c", "a"), ("same", "same")]
)
def test_names_that_meet_on_some_system__are_refused(names: tuple[str, ...]) -> None:
    with pytest.raises(UnsafeNameError):
        require_distinct(entries(*names))


def test_names_apart__are_fine() -> None:
    require_distinct(entries("a", "b/a", "b/c/a", "ab"))


def test_hundred_thousand_files__are_the_most() -> None:
    many = [FileEntry(RelativeName(f"f{number}")) for number in range(MAX_FILES)]
    require_distinct(many)
    with pytest.raises(ListingError, match="100000"):
        require_distinct([*many, FileEntry(RelativeName("last"))])


def test_hash__has_the_length_of_its_kind() -> None:
    assert FileHash.of(HashAlgorithm.SHA1, " " + "AB" * 20).value == "ab" * 20
    for value in ("ab" * 19, "ab" * 32, "xy" * 20):
        with pytest.raises(InvalidValueError):
            FileHash.of(HashAlgorithm.SHA1, value)


def test_name__is_inside_whatever_the_target_is() -> None:
    assert PurePosixPath("/target", RelativeName("a/b")).is_relative_to("/target")
