"""What is kept of identifiers, how it is found again, the file with the key, and what a stricter level changes."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from db import arrivals, key_file, reconciliation, studies
from db.conversion import convert
from db.errors import StoreError
from db.identity import Identifiers, Identity, in_clear, is_hash
from db.reconciliation import ExpectedFilm
from db.records import FilmFacts
from db.states import ExpectedKind, State
from db.store import Store

KEY = b"k" * 32
LEVELS = [Identity(level, KEY) for level in Identifiers]
NONE, ACCESSION, IDENTIFIERS = LEVELS
UID, ACC = "1.2.840.4711", "A4711"


@given(text=st.text(min_size=1), kept_by=st.sampled_from(LEVELS), asked_by=st.sampled_from(LEVELS))
def test_an_accession_is_found_by_what_a_person_types_whatever_the_level_was_and_is(
    text: str, kept_by: Identity, asked_by: Identity
) -> None:
    kept = kept_by.kept_accession(text)
    assert kept in asked_by.names(text)
    assert asked_by.canonical(kept) == asked_by.hashed(text)


@given(text=st.text(min_size=1), level=st.sampled_from(LEVELS))
@example(text="#" + "a" * 32, level=IDENTIFIERS)
def test_what_is_kept_in_clear_is_never_taken_for_a_hash(text: str, level: Identity) -> None:
    for kept in (level.kept_accession(text), level.kept_uid(text)):
        assert kept is not None
        assert is_hash(kept) or kept == text
        assert (in_clear(kept) is None) == (kept != text)


def test_each_level_keeps_in_clear_what_it_says() -> None:
    facts = FilmFacts(accession=ACC, study_uid=UID, instance_uid=f"{UID}.1", view="PA")
    clear = [tuple(is_hash(v) for v in (k.accession, k.study_uid, k.instance_uid)) for k in map(_kept(facts), LEVELS)]
    assert clear == [(True, True, True), (False, True, True), (False, False, False)]
    assert {level.kept_facts(facts).view for level in LEVELS} == {"PA"}


def _kept(facts: FilmFacts):
    return lambda level: level.kept_facts(facts)


def test_a_hash_depends_on_the_key_and_a_hash_that_is_typed_finds_nothing() -> None:
    other = Identity(Identifiers.NONE, b"x" * 32)
    assert NONE.hashed(ACC) != other.hashed(ACC)
    assert NONE.hashed(ACC) not in NONE.names(NONE.hashed(ACC))
    assert "k" * 8 not in repr(NONE)


def test_without_a_key_clear_values_are_found() -> None:
    blind = Identity(Identifiers.ACCESSION, None)
    assert blind.names(ACC) == (ACC,)
    with pytest.raises(ValueError, match="no key"):
        blind.hashed(ACC)


def test_a_key_is_made_once_for_its_owner_alone(store: Store, file: Path) -> None:
    first = key_file.writer(store, Identifiers.NONE)
    path = file.with_name("cxr-triage.db.key")
    assert path.read_bytes() == first.key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert (
        key_file.writer(store, Identifiers.IDENTIFIERS).key == key_file.reader(store, Identifiers.NONE).key == first.key
    )
    assert not list(file.parent.glob("*.part"))


def test_a_key_that_is_gone_is_never_made_again(store: Store, films, file: Path) -> None:
    """Another one would find nothing of what was kept."""
    identity = key_file.writer(store, Identifiers.ACCESSION)
    films.study(f"uid:{identity.hashed(UID)}")
    films.tx.commit()
    path = file.with_name("cxr-triage.db.key")
    path.unlink()
    with pytest.raises(StoreError, match="holds hashes"):
        key_file.writer(store, Identifiers.ACCESSION)
    assert not path.exists()
    assert key_file.reader(store, Identifiers.ACCESSION).key is None
    path.write_bytes(b"cut off")
    for open_ in (key_file.writer, key_file.reader):
        with pytest.raises(StoreError, match="it has 7 bytes, not 32"):
            open_(store, Identifiers.ACCESSION)


def test_a_key_that_another_process_makes_meanwhile_stays(store: Store, file: Path, monkeypatch) -> None:
    path, link = file.with_name("cxr-triage.db.key"), os.link

    def late(source: object, target: object) -> None:
        path.write_bytes(KEY)
        link(source, target)

    monkeypatch.setattr(os, "link", late)
    assert key_file.writer(store, Identifiers.NONE).key == KEY


def fill(films) -> int:
    """As 0.4 kept it: everything in clear."""
    film = films.scored("a.dcm", group=f"uid:{UID}", accession=ACC)
    facts = FilmFacts(accession=ACC, study_uid=UID, instance_uid=f"{UID}.1")
    films.tx.execute(arrivals.schema.arrival.update().values(arrivals._columns({"facts": facts})))
    missing = [ExpectedFilm(ExpectedKind.ACCESSION, "A4712", None), ExpectedFilm(ExpectedKind.FILE, "b.dcm", None)]
    reconciliation.add(films.tx, films.now, "ris.csv", 3, None, missing)
    films.tx.commit()
    return film.id


@pytest.mark.parametrize("identity", LEVELS, ids=lambda identity: identity.level)
def test_what_is_kept_in_clear_is_brought_to_a_stricter_level(
    store: Store, films, file: Path, identity: Identity
) -> None:
    """All bytes of it go, and a laxer level brings none back; a file's name is a path, and stays."""
    film = fill(films)
    assert convert(store, identity) > 0
    assert convert(store, identity) == 0
    assert convert(store, IDENTIFIERS) == 0
    with store.read() as tx:
        facts = arrivals.get(tx, film).facts
        assert (facts.accession, facts.study_uid, facts.instance_uid) == (
            identity.kept_accession(ACC),
            identity.kept_uid(UID),
            identity.kept_uid(f"{UID}.1"),
        )
        [study] = studies.with_accession(tx, *identity.names(ACC))
        assert study.group_key == f"uid:{identity.hashed(UID)}"
        assert [each.key for each in reconciliation.missing_of(tx, 1)] == [identity.kept_accession("A4712"), "b.dcm"]
        assert arrivals.get(tx, film).state is State.SCORED
    raw = b"".join(path.read_bytes() for path in file.parent.glob("cxr-triage.db*"))
    assert (ACC.encode() in raw, b"A4712" in raw) == (identity is not NONE,) * 2
    assert (UID.encode() in raw) == (identity is IDENTIFIERS)


def test_many_rows_are_converted_piece_by_piece(store: Store, films, monkeypatch) -> None:
    monkeypatch.setattr("db.conversion.AT_ONCE", 2)
    for number in range(5):
        films.study(f"uid:1.{number}", f"A{number}")
    films.tx.commit()
    assert convert(store, NONE) == 10
    with store.read() as tx:
        assert all(studies.with_accession(tx, NONE.hashed(f"A{number}")) for number in range(5))
