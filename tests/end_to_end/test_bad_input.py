"""Bad input through the real program: one line that says what was tried, on what, why it failed and what to do."""

from __future__ import annotations

import os
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from builders.bundles import tiny_bundle
from builders.dicom import dicom
from builders.films import flipped, grey_film, jpeg, truncated
from builders.parts import need_program
from builders.program import Done, Program

STORE_COMMANDS = [
    ["scan", "films"],
    ["watch", "films"],
    ["queue"],
    ["review", "S-000001", "not"],
    ["read", "S-000001"],
    ["account"],
    ["account", "--verify"],
    ["report"],
    ["status"],
]
SENTENCE = re.compile(r"cxr-triage: cannot [^:]+: [^;]+; .+")  # operation and path: cause; remedy
HOSTILE = b"bad\xff\x1b[31m\n\xe2\x80\xaename.jpg"


def _put(folder: Path) -> None:
    (folder / "good.jpg").write_bytes(jpeg(grey_film(seed=1)))
    (folder / "hand.dcm").write_bytes(dicom(body_part="HAND"))
    (folder / "text.jpg").write_text("this is a text")
    (folder / "empty.jpg").write_bytes(b"")
    (folder / "cut.jpg").write_bytes(truncated(jpeg(grey_film(seed=2))))
    (folder / "locked.jpg").write_bytes(jpeg(grey_film(seed=3)))
    (folder / "locked.jpg").chmod(0)
    (folder / "link.jpg").symlink_to("good.jpg")
    os.mkfifo(folder / "pipe.jpg")
    Path(os.fsdecode(os.fsencode(folder) + b"/" + HOSTILE)).write_text("another text")


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory, bundle: Path) -> tuple[Program, Done]:
    """One scan over everything that can be wrong with a file, and a folder that is not there."""
    folder = tmp_path_factory.mktemp("scanned")
    (folder / "films").mkdir()
    _put(folder / "films")
    # Root may read everything; without this capability it is like everybody else.
    limits = ["--bounding-set", "-dac_override,-dac_read_search"]
    prefix = [need_program("setpriv"), *limits] if os.geteuid() == 0 else []
    program = Program(folder, bundle, prefix=prefix)
    return program, program.run("scan", "films", "absent", "--db", "t.db", "--settle-seconds", "0.1")


def test_a_missing_folder_is_named_and_the_others_are_done(scanned: tuple[Program, Done]) -> None:
    program, done = scanned
    assert done.code == 1
    assert "cxr-triage: cannot list folder absent: No such file or directory; create it" in done.err
    document = program.good("queue", "--format", "json", "--db", "t.db").document
    assert [
        image["path"] for entry in document["queue"] for image in entry["images"] if image["state"] == "scored"
    ] == [str(program.folder / "films" / "good.jpg")]


@pytest.mark.parametrize(
    ("name", "operation", "code"),
    [
        ("text.jpg", "cannot score", "unknown-format"),
        ("empty.jpg", "cannot score", "empty"),
        ("cut.jpg", "cannot score", "truncated"),
        ("locked.jpg", "cannot score", "unreadable"),
        ("link.jpg", "cannot score", "not-a-regular-file"),
        ("pipe.jpg", "cannot score", "not-a-regular-file"),
        ("hand.dcm", "refused", "body-part"),
    ],
)
def test_each_bad_film_is_one_line_with_cause_and_remedy(
    scanned: tuple[Program, Done], name: str, operation: str, code: str
) -> None:
    program, done = scanned
    lines = [line for line in done.err.splitlines() if f"/{name}: " in line]
    assert len(lines) == 1, done.err
    assert lines[0].startswith(f"cxr-triage: {operation} {program.folder / 'films' / name}: ")
    assert lines[0].endswith(f"({code})")
    assert ";" in lines[0]


def test_bad_films_stand_in_the_queue_with_code_and_sentence(scanned: tuple[Program, Done]) -> None:
    program, _ = scanned
    document = program.good("queue", "--format", "json", "--db", "t.db").document
    found = {Path(item["path"]).name: item for item in document["not_scored"]}
    codes = {name: item["code"] for name, item in found.items() if name.isascii()}
    assert codes == {
        "text.jpg": "unknown-format",
        "empty.jpg": "empty",
        "cut.jpg": "truncated",
        "locked.jpg": "unreadable",
        "link.jpg": "not-a-regular-file",
        "pipe.jpg": "not-a-regular-file",
        "hand.dcm": "body-part",
    }
    assert found["hand.dcm"]["state"] == "refused"
    assert all(item["message"] for item in found.values())
    assert program.good("account", "--verify", "--db", "t.db").out.splitlines()[-2:] == [
        "verified     yes",
        "unseen       0",
    ]


def test_a_folder_that_never_was_is_not_kept_as_a_root(scanned: tuple[Program, Done]) -> None:
    program, _ = scanned
    roots = program.good("status", "--format", "json", "--db", "t.db").document["roots"]
    assert [root["path"] for root in roots] == [str(program.folder / "films")]


def test_a_hostile_name_is_escaped_for_people_and_whole_for_programs(scanned: tuple[Program, Done]) -> None:
    program, done = scanned
    table, rows = (program.good("queue", "--format", form, "--db", "t.db").out for form in ("table", "csv"))
    for text in (done.err, table, rows):
        assert "bad\\udcff" in text
        assert "\x1b" not in text.replace("\n", "")
        assert "\N{RIGHT-TO-LEFT OVERRIDE}" not in text
    paths = [item["path"] for item in program.good("queue", "--format", "json", "--db", "t.db").document["not_scored"]]
    whole = os.fsdecode(os.fsencode(program.folder / "films") + b"/" + HOSTILE)
    assert whole in paths
    assert Path(whole).exists()


def test_a_folder_that_went_away_is_kept_and_named(program: Program) -> None:
    films = program.folder / "films"
    films.mkdir()
    (films / "a.jpg").write_bytes(jpeg(grey_film()))
    program.good("scan", "films", "--db", "t.db", "--settle-seconds", "0.1")
    films.rename(program.folder / "elsewhere")
    assert "cannot list folder" in program.run("scan", "films", "--db", "t.db").err
    status = program.run("status", "--format", "json", "--db", "t.db")
    assert status.code == 1
    assert [root["state"] for root in status.document["roots"]] == ["away"]
    account = program.run("account", "--verify", "--format", "json", "--db", "t.db")
    assert account.code == 1
    assert [each["kind"] for each in account.document["discrepancies"]] == ["root-away"]
    assert account.document["scored"] == 1  # what was seen there is not lost


@pytest.mark.parametrize("command", STORE_COMMANDS, ids=" ".join)
def test_a_database_that_is_a_directory(program: Program, command: list[str]) -> None:
    (program.folder / "films").mkdir()
    done = program.run(*command, "--db", "films")
    assert done.code == 1
    assert SENTENCE.fullmatch(line := done.one_line())
    assert f"{program.folder / 'films'}: it is a directory" in line


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory, bundle: Path) -> bytes:
    """The bytes of a database of this version."""
    program = Program(tmp_path_factory.mktemp("kept"), bundle)
    (program.folder / "films").mkdir()
    program.good("scan", "films", "--db", "t.db")
    return (program.folder / "t.db").read_bytes()


@pytest.mark.parametrize("command", [["scan", "films"], ["queue"], ["status"]], ids=" ".join)
def test_a_database_of_a_newer_version_is_refused_and_left_alone(
    program: Program, kept: bytes, command: list[str]
) -> None:
    (program.folder / "films").mkdir()
    file = program.folder / "t.db"
    file.write_bytes(kept)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0999'")
        connection.commit()
    before = file.read_bytes()
    done = program.run(*command, "--db", "t.db")
    assert done.code == 1
    assert SENTENCE.fullmatch(line := done.one_line())
    assert "made by a newer version (schema 0999" in line
    assert file.read_bytes() == before


@pytest.mark.parametrize(("content", "cause"), [(b"not a database at all" * 99, "not a database")])
def test_a_file_that_is_no_database_is_left_alone(program: Program, content: bytes, cause: str) -> None:
    file = program.folder / "notes.txt"
    file.write_bytes(content)
    done = program.run("queue", "--db", "notes.txt")
    assert done.code == 1
    assert SENTENCE.fullmatch(line := done.one_line())
    assert cause in line
    assert file.read_bytes() == content


@pytest.mark.parametrize("command", STORE_COMMANDS[2:], ids=" ".join)
def test_a_database_that_is_not_there_is_not_made(program: Program, command: list[str]) -> None:
    done = program.run(*command, "--db", "t.db")
    assert done.code == 1
    assert "there is no database; run scan or watch first" in done.one_line()
    assert not (program.folder / "t.db").exists()


@pytest.fixture
def flipped_bundle(tmp_path: Path) -> Path:
    """A bundle whose model has one flipped bit."""
    folder = tiny_bundle(tmp_path / "flipped")
    model = folder / "model.tflite"
    model.write_bytes(flipped(model.read_bytes(), 4321))
    return folder


@pytest.mark.parametrize("command", ["scan", "watch"])
def test_a_bundle_with_one_flipped_bit_is_not_loaded(program: Program, flipped_bundle: Path, command: str) -> None:
    (program.folder / "films").mkdir()
    done = program.run(command, "films", "--bundle", flipped_bundle, "--db", "t.db")
    assert done.code == 1
    assert SENTENCE.fullmatch(line := done.one_line())
    assert "model.tflite" in line
    assert not (program.folder / "t.db").exists()


def test_every_wrong_key_of_the_configuration_is_named_at_once(program: Program) -> None:
    (program.folder / "bad.toml").write_text('[store]\nulr = "x"\n[report]\nzone = "Mars/Olympus"\n[mail]\nto = "x"\n')
    done = program.run("--config", "bad.toml", "queue")
    assert done.code == 2
    assert SENTENCE.fullmatch(line := done.one_line())
    for key in ("store.ulr: there is no such key", "report.zone: not a time zone", "mail: there is no such key"):
        assert key in line


@pytest.mark.parametrize(
    ("content", "cause"),
    [(b"[store\n", "read configuration"), (b"\xff\xfe", "read configuration"), (b'root = "x"\n', "root")],
)
def test_a_configuration_that_cannot_be_read_is_exit_code_2(program: Program, content: bytes, cause: str) -> None:
    (program.folder / "bad.toml").write_bytes(content)
    done = program.run("--config", "bad.toml", "config", "check")
    assert done.code == 2
    assert cause in done.one_line()


def test_a_wrong_key_in_the_environment_is_exit_code_2(program: Program) -> None:
    done = program.run("queue", CXR_TRIAGE_REPORT__ZOEN="UTC")
    assert done.code == 2
    assert "report.zoen: there is no such key" in done.one_line()


def test_a_second_intake_on_the_same_database_is_refused(program: Program) -> None:
    (program.folder / "films").mkdir()
    with program.started("watch", "films", "--db", "t.db") as running:
        running.wait_for("event=watching")
        done = program.run("scan", "films", "--db", "t.db")
        assert done.code == 1
        assert f"another scan or watch (pid {running.process.pid}) works on this database" in done.one_line()
        assert running.terminate() == 0
