"""Opening a store, its transactions, its lock, and everything that can be wrong with its file."""

from __future__ import annotations

import fcntl
import multiprocessing
import os
import shutil
import signal
import sqlite3
import stat
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from db import roots
from db.engine import database_url
from db.errors import StoreError
from db.faults import store_error
from db.store import Store, open_store

fork = multiprocessing.get_context("fork")


def count_roots(store: Store) -> int:
    with store.read() as tx:
        return len(roots.roots(tx))


def raw(file: Path, statement: str) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(statement)


def in_a_child(work) -> int:
    """Run in another process; its exit status."""
    child = fork.Process(target=work)
    child.start()
    child.join(60)
    assert child.exitcode is not None
    return child.exitcode


def test_a_store_is_created_with_what_it_promises(tmp_path: Path):
    """Full durability, one writer, freed pages that return, overwritten deletions; nobody else may read the file."""
    file = tmp_path / "new.db"
    with open_store(str(file), create=True) as store, store.read() as tx:
        pragmas = ["journal_mode", "synchronous", "foreign_keys", "auto_vacuum", "secure_delete", "busy_timeout"]
        found = {name: tx.exec_driver_sql(f"PRAGMA {name}").scalar() for name in pragmas}
        assert stat.S_IMODE(file.stat().st_mode) & ~0o640 == 0
        for beside in tmp_path.iterdir():
            assert stat.S_IMODE(beside.stat().st_mode) & 0o027 == 0, beside.name
    assert found == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "auto_vacuum": 2,
        "secure_delete": 1,
        "busy_timeout": 30_000,
    }


@pytest.mark.parametrize("form", ["{}", "sqlite:///{}", "sqlite+pysqlite:///{}"])
def test_a_store_opens_again_by_file_name_and_by_url(file: Path, form: str, store: Store, now):
    """And holds what was written before."""
    with store.write() as tx:
        roots.ensure_root(tx, "/in", now)
    with open_store(form.format(file), create=False) as again:
        assert count_roots(again) == 1
        assert again.file == file


def test_a_file_name_may_hold_anything(template: Path, tmp_path: Path):
    """Blanks, question marks, percent signs, and bytes that are not UTF-8."""
    folder = tmp_path / os.fsdecode(b"a b?c%20#\xff")
    folder.mkdir()
    file = Path(shutil.copy(template, folder / "d%b.db"))
    with open_store(str(file), create=False) as store:
        assert count_roots(store) == 0
    assert {path.name for path in folder.iterdir()} == {"d%b.db"}


def test_there_is_no_database(tmp_path: Path):
    """Reading commands never make one."""
    with pytest.raises(StoreError, match="there is no database; run scan or watch first, or give --db"):
        open_store(str(tmp_path / "none.db"), create=False)
    assert list(tmp_path.iterdir()) == []


def test_an_empty_file_is_no_database_until_something_is_written(tmp_path: Path):
    """It may be left from a first start that was interrupted."""
    file = tmp_path / "empty.db"
    file.touch()
    with pytest.raises(StoreError, match="there is no database"):
        open_store(str(file), create=False)
    with open_store(str(file), create=True) as store:
        assert count_roots(store) == 0


def spoil(file: Path, how: str) -> None:
    match how:
        case "directory":
            file.unlink()
            file.mkdir()
        case "pipe":
            file.unlink()
            os.mkfifo(file)
        case "text":
            file.write_text("this is a text file that is long enough to look like a page of something " * 50)
        case "other program":
            file.unlink()
            raw(file, "CREATE TABLE recipe (id INTEGER)")
        case "future":
            raw(file, "UPDATE alembic_version SET version_num = '9999'")
        case "cut":
            file.write_bytes(file.read_bytes()[:5000])


@pytest.mark.parametrize("create", [False, True])
@pytest.mark.parametrize(
    ("how", "says"),
    [
        ("directory", "it is a directory"),
        ("pipe", "it is not a file"),
        ("text", "it is not a database"),
        ("other program", "it is a database of another program"),
        ("future", "it was made by a newer version (schema 9999; this one knows 0010); update cxr-triage"),
        ("cut", "it is damaged"),
    ],
)
def test_what_is_wrong_with_the_file_is_said_in_one_line(file: Path, how: str, says: str, create: bool):
    """The operation, the path, the cause and the remedy; and the file is left as it was."""
    spoil(file, how)
    before = file.read_bytes() if file.is_file() else b""
    with pytest.raises(StoreError) as caught:
        open_store(str(file), create=create)
    line = str(caught.value)
    assert says in line
    assert str(file) in line
    assert "\n" not in line
    assert caught.value.remedy
    assert (file.read_bytes() if file.is_file() else b"") == before


def test_a_missing_folder_is_not_made(tmp_path: Path):
    """A mistyped path should not grow a tree."""
    with pytest.raises(StoreError, match="its folder is not there; make the folder first"):
        open_store(str(tmp_path / "none" / "a.db"), create=True)


def test_a_file_in_the_place_of_the_folder_is_one_error(tmp_path: Path):
    """The operating system's word for it, in our form."""
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="not a directory"):
        open_store(str(tmp_path / "file" / "a.db"), create=True)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("", "it needs a plain file"),
        ("sqlite://", "it needs a plain file"),
        ("sqlite:///:memory:", "it needs a plain file"),
        (":memory:", "it needs a plain file"),
        ("sqlite:///file:a.db?uri=true", "it needs a plain file"),
        ("sqlite://host/a.db", "it needs a plain file"),
        ("sqlite:///a.db?mode=ro", "it needs a plain file"),
        ("a\0b", "it needs a plain file"),
        ("http://a:b:c", "it is not a database URL"),
        ("postgresql://triage:secret@host/films", "this version keeps its store in SQLite, not in postgresql"),
    ],
)
def test_a_name_that_is_no_file_is_refused(name: str, says: str):
    """And a password in a URL is not repeated."""
    with pytest.raises(StoreError) as caught:
        database_url(name)
    assert says in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_network_mount_is_refused(tmp_path: Path):
    """SQLite's locks cannot be trusted there."""
    mountinfo = tmp_path / "mountinfo"
    mountinfo.write_text(f"28 27 0:9 / {tmp_path} rw - cifs //server/share rw\n")
    with pytest.raises(StoreError, match=r"network mount \(cifs\)"):
        open_store(str(tmp_path / "a.db"), create=True, mountinfo=mountinfo)
    assert not (tmp_path / "a.db").exists()


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, SystemExit, ValueError])
def test_an_interrupted_transaction_leaves_nothing(store: Store, interruption: type[BaseException], now):
    """Ctrl-C in the middle: the database continues as if it had not begun, and the exception passes as it is."""

    def interrupted() -> None:
        with store.write() as tx:
            roots.ensure_root(tx, "/in", now)
            raise interruption

    with pytest.raises(interruption):
        interrupted()
    assert count_roots(store) == 0
    with store.write() as tx:
        roots.ensure_root(tx, "/in", now)
    assert count_roots(store) == 1


def test_a_killed_process_leaves_whole_transactions_only(file: Path, now):
    """What was committed stays, what was not is gone, and the lock is free."""

    def work() -> None:
        store = open_store(str(file), create=False)
        with store.write() as tx:
            roots.ensure_root(tx, "/first", now)
        with store.write() as tx:
            roots.ensure_root(tx, "/second", now)
            os.kill(os.getpid(), signal.SIGKILL)

    assert in_a_child(work) == -signal.SIGKILL
    with open_store(str(file), create=False) as store:
        with store.read() as tx:
            assert [root.path for root in roots.roots(tx)] == ["/first"]
        with store.write() as tx:
            roots.ensure_root(tx, "/third", now)


def test_no_update_is_lost_between_writers(store: Store, now):
    """Writers take the lock when they begin, not when they first write: read-modify-writes come one after the other."""
    with store.write() as tx:
        roots.ensure_root(tx, "0", now)

    def work() -> None:
        for _ in range(20):
            with store.write() as tx:
                number = int(tx.execute(text("SELECT path FROM root")).scalar_one())
                time.sleep(0.0002)
                tx.execute(text("UPDATE root SET path = :path"), {"path": str(number + 1).encode()})

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.read() as tx:
        assert [root.path for root in roots.roots(tx)] == ["80"]


def test_a_reader_sees_one_moment_and_holds_nobody_up(store: Store, now):
    """A report that takes long reads the same account from beginning to end."""
    with store.read() as reading:
        assert roots.roots(reading) == []
        with store.write() as tx:
            roots.ensure_root(tx, "/in", now)
        assert roots.roots(reading) == []
    assert count_roots(store) == 1


def test_a_full_disk_is_said_and_loses_nothing_acknowledged(store: Store, now):
    """The transaction that found no room is undone."""
    with store.write() as tx:
        roots.ensure_root(tx, "/in", now)

    def fill() -> None:
        with store.write() as tx:
            pages = tx.exec_driver_sql("PRAGMA page_count").scalar_one()
            tx.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
            for number in range(500):
                roots.ensure_root(tx, f"/{number}/" + "x" * 500, now)

    with pytest.raises(StoreError, match=r"cannot write to the database .*: the disk is full; make room"):
        fill()
    assert count_roots(store) == 1


def test_a_database_that_may_only_be_read_is_said(store: Store, now):
    """Reading goes on."""

    def write() -> None:
        with store.write() as tx:
            tx.exec_driver_sql("PRAGMA query_only = ON")
            roots.ensure_root(tx, "/in", now)

    with pytest.raises(StoreError, match="it may only be read"):
        write()
    assert count_roots(store) == 0


def test_a_database_that_another_program_holds_is_said(store: Store, file: Path):
    """After half a minute in earnest; here the same error without the wait."""
    with closing(sqlite3.connect(file, timeout=0)) as other, store.write(), pytest.raises(sqlite3.Error) as caught:
        other.execute("BEGIN IMMEDIATE")
    error = store_error("write to the database", file, caught.value)
    assert error.cause == "another program has held it for more than half a minute"


def test_an_error_shows_no_value_of_the_statement(store: Store):
    """Accessions and paths are patient data, and errors end up in logs."""

    def write() -> None:
        with store.write() as tx:
            for _ in range(2):
                tx.execute(text("INSERT INTO root (path, added_at, state) VALUES (:p, '', 'watched')"), {"p": b"DOE"})

    with pytest.raises(StoreError) as caught:
        write()
    assert "DOE" not in str(caught.value)
    assert "DOE" not in str(caught.value.__cause__)


def test_a_whole_database_passes_the_quick_check(store: Store, now):
    """Also while its newest rows stand in the write-ahead log only."""
    with store.write() as tx:
        roots.ensure_root(tx, "/in", now)
    store.quick_check()


@pytest.mark.parametrize("filling", [b"\0", b"\xff", b"a"])
def test_a_damaged_page_is_found_by_the_quick_check(file: Path, filling: bytes, now):
    """Opening does not see it: it reads the pages it needs, and no other."""
    with open_store(str(file), create=False) as store, store.write() as tx:
        page = tx.exec_driver_sql("SELECT rootpage FROM sqlite_master WHERE name = 'history'").scalar_one()
        size = tx.exec_driver_sql("PRAGMA page_size").scalar_one()
    with file.open("r+b") as stream:
        stream.seek((page - 1) * size)
        stream.write(filling * size)
    with open_store(str(file), create=False) as store:
        with pytest.raises(StoreError) as caught:
            store.quick_check()
        assert str(caught.value) == (
            f"cannot check the database {file}: it is damaged; keep a copy of it as it is, then restore a backup"
        )


def test_only_one_process_takes_films_in(store: Store):
    """The other is told who has the lock; when it is given back, the next may start."""

    def second() -> None:
        with store.intake_lock():
            pass

    with store.intake_lock(), pytest.raises(StoreError) as caught:
        second()
    assert f"another scan or watch (pid {os.getpid()}) works on this database" in str(caught.value)
    second()


def test_the_lock_of_a_dead_process_is_free(store: Store):
    """Nothing has to be cleaned up by hand."""

    def work() -> None:
        with store.intake_lock():
            os.kill(os.getpid(), signal.SIGKILL)

    assert in_a_child(work) == -signal.SIGKILL
    with store.intake_lock():
        pass


def test_processes_that_create_the_same_store_at_once_all_succeed(tmp_path: Path, now):
    """One makes the schema, the others wait for it."""
    file = tmp_path / "new.db"
    gate = fork.Event()

    def work() -> None:
        gate.wait(60)
        with open_store(str(file), create=True) as store, store.write() as tx:
            roots.ensure_root(tx, f"/{os.getpid()}", now)

    children = [fork.Process(target=work) for _ in range(4)]
    for child in children:
        child.start()
    gate.set()
    for child in children:
        child.join(120)
    assert [child.exitcode for child in children] == [0, 0, 0, 0]
    with open_store(str(file), create=False) as store:
        assert count_roots(store) == 4


def test_a_store_is_set_up_by_one_process_at_a_time(tmp_path: Path):
    """The folder is locked meanwhile; a store that is up to date is opened without asking for that lock."""
    opened = fork.Event()

    def work() -> None:
        open_store(str(tmp_path / "new.db"), create=True).close()
        opened.set()

    folder = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    child = fork.Process(target=work)
    child.start()
    assert not opened.wait(0.3)
    fcntl.flock(folder, fcntl.LOCK_UN)
    child.join(60)
    assert child.exitcode == 0
    fcntl.flock(folder, fcntl.LOCK_EX)
    open_store(str(tmp_path / "new.db"), create=True).close()
    os.close(folder)
