"""What a list is held against, and what is kept of it."""

from datetime import timedelta

from db import arrivals, reconciliation
from db.reconciliation import ExpectedFilm
from db.records import FilmFacts
from db.states import ExpectedKind, State

HOUR = timedelta(hours=1)


def test_accessions_come_from_films_and_from_their_studies(films, now):
    """A film that vanished before it was read counts for nothing."""
    films.scored("a", accession="S1")
    tagged = films.scored("b")
    arrivals.move(films.tx, tagged.id, State.SUPERSEDED, now, "replaced", facts=FilmFacts(accession="F1"))
    arrivals.move(films.tx, films.seen("c").id, State.VANISHED, now, "gone", facts=FilmFacts(accession="F2"))
    films.study("nothing", accession="S2")
    found = reconciliation.arrived_accessions(films.tx)
    assert found == {"S1": {State.SCORED}, "F1": {State.SUPERSEDED}}


def test_files_that_vanished_never_arrived(films, now):
    first = films.scored("ward/a.dcm")
    films.duplicate("b\udcff", first)
    films.seen("c")
    arrivals.move(films.tx, films.seen("d").id, State.VANISHED, now, "gone")
    found = {(file.path, file.state) for file in reconciliation.arrived_files(films.tx)}
    assert found == {("ward/a.dcm", State.SCORED), ("b\udcff", State.SCORED), ("c", State.SEEN)}


def test_what_was_missing_is_kept_in_the_order_of_its_times(tx, now):
    """With its name as the list wrote it; films without a time stand last."""
    missing = [
        ExpectedFilm(ExpectedKind.FILE, "z.dcm", None),
        ExpectedFilm(ExpectedKind.ACCESSION, "A2", now),
        ExpectedFilm(ExpectedKind.FILE, "ä\udcff.dcm", now - HOUR),
    ]
    held = reconciliation.add(tx, now, "ris\udcff.csv", 7, (now - HOUR, now), missing)
    assert (held.source, held.expected, held.at) == ("ris\udcff.csv", 7, now)
    kept = reconciliation.missing_of(tx, held.id)
    assert [film.key for film in kept] == ["ä\\udcff.dcm", "A2", "z.dcm"]
    assert reconciliation.missing_of(tx, held.id + 1) == []


def test_a_list_speaks_of_the_span_of_its_films(tx, now):
    """The newest that touches a window; without times, of when it was held."""

    def add(name, span):
        reconciliation.add(tx, now, name, 1, span, [])

    def asked(start, end):
        found = reconciliation.newest_touching(tx, start, end)
        return None if found is None else found.source

    assert asked(now - HOUR, now) is None
    add("old", (now - 5 * HOUR, now - 3 * HOUR))
    add("whole", (now - 24 * HOUR, now))
    add("late", (now - HOUR, now))
    assert asked(now - 4 * HOUR, now - 2 * HOUR) == "whole"
    assert asked(now - 2 * HOUR, now + HOUR) == "late"
    assert asked(now, now + HOUR) == "late"
    assert asked(now - 30 * HOUR, now - 24 * HOUR) is None
    assert asked(now + HOUR, now + 2 * HOUR) is None
    add("timeless", None)
    assert asked(now - HOUR, now + HOUR) == "timeless"
    assert asked(now - 3 * HOUR, now - 2 * HOUR) == "whole"
