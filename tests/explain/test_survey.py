"""A survey counts what a scan into a fresh database counts, and stores nothing."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from builders import hostile
from builders.dicom import dicom
from builders.films import grey_film, jpeg, png, truncated
from builders.intake import House, RealTime, failed, refused, scored

from daemon.explain.insight import Surveyed
from daemon.explain.survey import Folder, Survey
from daemon.explain.survey_document import ROW, survey_document, survey_lines, survey_rows
from daemon.explain.tally import MOST_VALUES, NO_CODE, NOT_SAID, OTHERS, By, Kind, Tally
from daemon.intake.listing import list_root
from daemon.intake.programs import scan
from daemon.intake.reading import Content, ReadProblem, Unread, read_file
from daemon.intake.worker import Outcome
from daemon.intake.workers import WorkerPool
from daemon.triage.gate_policy import GatePolicy
from daemon.triage.rules import rules_of
from db.states import State
from models.bundle import Bundle
from models.population import Population

GIVEN = {State.SCORED, State.REFUSED, State.FAILED, State.DUPLICATE}


def put(folder: Path) -> None:
    """Sound films, copies, all that is refused, marked or broken, and what is no film's name."""
    for number in range(4):
        (folder / f"{number}.jpg").write_bytes(jpeg(grey_film(seed=number, opacity=number / 4)))
        (folder / f"copy-{number}.jpg").write_bytes(jpeg(grey_film(seed=number, opacity=number / 4)))
    (folder / "deep" / "er").mkdir(parents=True)
    (folder / "deep" / "er" / "dx.dcm").write_bytes(dicom(modality="DX"))
    (folder / "ct.dcm").write_bytes(dicom(modality="CT"))
    (folder / "ct-copy.dcm").write_bytes(dicom(modality="CT"))
    (folder / "lateral.dcm").write_bytes(dicom(view="LATERAL"))
    (folder / "infant.dcm").write_bytes(dicom(age="005M"))
    (folder / "inverted.png").write_bytes(png(255 - grey_film(seed=9)))
    (folder / "cut.jpg").write_bytes(truncated(jpeg(grey_film(seed=8))))
    (folder / "text.jpg").write_text("text")
    (folder / "empty-1.jpg").write_bytes(b"")
    (folder / "empty-2.jpg").write_bytes(b"")
    (folder / "copying.jpg.part").write_bytes(jpeg(grey_film(seed=7)))
    (folder / ".hidden.jpg").write_bytes(jpeg(grey_film(seed=7)))
    for name in ("fifo.jpg", "sparse.jpg", "link-loop.jpg", "dangling.jpg"):
        hostile.ON_DISK[name](folder / name)


def surveyed(
    pool: Any,
    bundle: Bundle,
    *folders: Folder,
    stop: Callable[[], bool] = lambda: False,
    examples: int = 0,
    **more: Any,
) -> tuple[Survey, Tally, bool]:
    tally = Tally(rules_of(bundle.points, bundle.policies), examples)
    survey = Survey(pool, bundle, folders, tally, capacity=4, sleep=lambda _: None, **more)
    return survey, tally, survey.run(stop, lambda: None)


def scanned(house: House, pool: WorkerPool, bundle: Bundle, policy: GatePolicy) -> Counter[tuple[State, str | None]]:
    """What a scan gives each file, with its code or marks; a film whose image came once more counts as it came out."""
    house.time, house.bundle, house.gate_policy, house.workers = RealTime(), bundle, policy, pool
    intake = house.intake(settle=0.1)
    assert scan(intake, lambda: False, lambda: None) == []
    found = Counter[tuple[State, str | None]]()
    for arrival in house.arrivals():
        state = next(line.to_state for line in house.history(arrival) if line.to_state in GIVEN)
        found[state, None if state is State.DUPLICATE else arrival.code or arrival.facts.marks] += 1
    return found


def counts(tally: Tally) -> Counter[tuple[State, str | None]]:
    """The same of a survey; every film here has one mark at most."""
    found: Counter[tuple[State, str | None]] = Counter({(State.SCORED, None): tally.kinds[Kind.SCORED]})
    found[State.DUPLICATE, None] = tally.kinds[Kind.DUPLICATE]
    for kind, state in ((Kind.REFUSED, State.REFUSED), (Kind.FAILED, State.FAILED), (Kind.MARKED, State.SCORED)):
        for code, count in tally.codes[kind].items():
            found[state, code] += count
    return +found


def test_it_counts_what_a_scan_counts(house: House, pool: WorkerPool, bundle: Bundle, policy: GatePolicy) -> None:
    put(house.incoming)
    _, tally, complete = surveyed(pool, bundle, Folder(house.incoming, list_root(house.incoming)))
    assert complete
    assert counts(tally) == scanned(house, pool, bundle, policy)
    assert tally.balanced
    assert tally.seen == len(house.arrivals())


@pytest.mark.parametrize("policy", ["refuses"], indirect=True)
def test_hostile_files_are_counted_as_a_scan_counts_them(
    house: House, pool: WorkerPool, bundle: Bundle, policy: GatePolicy
) -> None:
    for name, make in hostile.FILES.items():
        (house.incoming / name).write_bytes(make())
    _, tally, complete = surveyed(pool, bundle, Folder(house.incoming, list_root(house.incoming)))
    assert complete
    assert counts(tally) == scanned(house, pool, bundle, policy)
    assert tally.seen == len(hostile.FILES)


class PaperPool:
    """Workers on paper, by the films' bytes; an exception is how a film ends, so many times before its outcome."""

    proven = True

    def __init__(self, answers: Mapping[bytes, list[Outcome | BaseException]]) -> None:
        self.answers = {data: list(each) for data, each in answers.items()}
        self.asked = Counter[bytes]()
        self.restarts = 0

    def ask(self, task: Callable[..., object], read: Callable[[Any], Any], data: bytes, *more: object) -> Future[Any]:
        self.asked[data] += 1
        future: Future[Any] = Future()
        answers = self.answers[data]
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, BaseException):
            future.set_exception(answer)
        else:
            future.set_result(Surveyed(answer, "none (jpeg)"))
        return future

    def restart(self) -> None:
        self.restarts += 1


def folder_of(path: Path, files: Mapping[str, bytes], declared: Population | None = None) -> Folder:
    path.mkdir(exist_ok=True)
    for name, data in files.items():
        (path / name).write_bytes(data)
    return Folder(path, list_root(path), declared)


def test_who_dies_once_is_tried_again_and_who_always_dies_is_to_blame(tmp_path: Path, bundle: Bundle) -> None:
    pool = PaperPool({b"good": [scored()], b"once": [TimeoutError(), scored()], b"always": [TimeoutError()]})
    folder = folder_of(tmp_path / "f", {"a": b"good", "b": b"once", "c": b"always", "d": b"always"})
    _, tally, complete = surveyed(pool, bundle, folder)
    assert complete
    assert counts(tally) == Counter(
        {(State.SCORED, None): 2, (State.FAILED, "too-slow"): 1, (State.DUPLICATE, None): 1}
    )
    assert tally.balanced
    assert pool.asked[b"always"] == 3


def test_content_is_judged_again_where_it_was_refused_for_whom_was_declared(tmp_path: Path, bundle: Bundle) -> None:
    """As a scan does it: elsewhere somebody else may be declared to be on it."""
    outside = refused("population")
    pool = PaperPool({b"film": [outside, scored()]})
    folders = [folder_of(tmp_path / name, {"a": b"film", "b": b"film"}) for name in ("adults", "unknown")]
    _, tally, _ = surveyed(pool, bundle, *folders)
    assert (tally.kinds[Kind.REFUSED], tally.kinds[Kind.SCORED], tally.kinds[Kind.DUPLICATE]) == (1, 1, 2)


def test_what_goes_away_or_cannot_be_read_is_counted_apart(tmp_path: Path, bundle: Bundle) -> None:
    folder = folder_of(tmp_path / "f", {name: name.encode() for name in "abcd"})
    problems = {
        "b": Unread(ReadProblem.GONE, "gone"),
        "c": Unread(ReadProblem.CHANGING, "changing"),
        "d": Unread(ReadProblem.IO_ERROR, "error"),
    }

    def read(path: Path) -> Content | Unread:
        return problems.get(path.name) or read_file(path)

    survey, tally, complete = surveyed(PaperPool({b"a": [scored()]}), bundle, folder, read=read)
    assert complete
    assert (tally.seen, tally.vanished, survey.done) == (3, 1, 4)
    assert tally.codes[Kind.FAILED] == {"still-changing": 1, "read-error": 1}
    assert tally.balanced


def test_who_stops_it_has_what_was_counted(tmp_path: Path, bundle: Bundle, policy: GatePolicy) -> None:
    folder = folder_of(tmp_path / "f", {str(number): b"%d" % number for number in range(40)})
    pool = PaperPool({b"%d" % number: [failed()] for number in range(40)})
    looks = iter(range(1000))
    survey, tally, complete = surveyed(pool, bundle, folder, stop=lambda: next(looks) > 20)
    assert not complete
    document = survey_document(tally, [folder], bundle, policy, listed=survey.total, complete=False)
    assert 0 < document["files"] < 40
    assert document["files"] + document["left"] == 40
    assert "interrupted" in list(survey_lines(document))[1]


def test_the_document_adds_up_and_names_no_file_unless_asked(
    tmp_path: Path, bundle: Bundle, policy: GatePolicy
) -> None:
    files = {f"secret-{number}": b"%d" % number for number in range(6)}
    answers: Any = {b"0": [scored(-3.0)], b"1": [scored(0.5)], b"2": [scored(5.0)], b"3": [refused()]}
    answers |= {b"4": [refused()], b"5": [failed()]}
    folder = folder_of(tmp_path / "f", files)
    for examples in (0, 1):
        _, tally, _ = surveyed(PaperPool(answers), bundle, folder, examples=examples)
        document = survey_document(tally, [folder], bundle, policy, listed=6, complete=True)
        assert document["files"] == sum(document[kind] for kind in map(str, Kind)) == 6
        assert document["bands"] == {"first": 1, "next": 1, "in_turn": 1}
        assert document["codes"] == {"refused": {"view": 2}, "failed": {"corrupt": 1}, "marked": {}}
        assert all(sum(v["files"] for v in values.values()) == 6 for values in document["by"].values())
        text = "\n".join(survey_lines(document))
        assert text.count("secret-") == 2 * examples
        rows = list(survey_rows(document))
        assert all(set(row) == set(ROW) for row in rows)
        assert "secret" not in str(rows)


def test_a_million_things_that_headers_say_are_not_all_kept(bundle: Bundle) -> None:
    tally = Tally(rules_of(bundle.points, bundle.policies))
    for number in range(10 * MOST_VALUES):
        tally.film("x", Surveyed(scored(modality=f"M{number}"), f"syntax {number}"), None)
    for values in tally.by.values():
        assert len(values) <= MOST_VALUES + 1
        assert sum(sum(kinds.values()) for kinds in values.values()) == 10 * MOST_VALUES
    assert OTHERS in next(values for values in tally.by.values() if len(values) > MOST_VALUES)


def test_a_name_in_the_wrong_box_of_a_header_is_not_shown(bundle: Bundle) -> None:
    """A survey is sent to others; what is no code is counted as another word."""
    tally = Tally(rules_of(bundle.points, bundle.policies))
    for facts in ({"modality": "PLANTED^MARKER"}, {"view": "PLANTED^MARKER"}, {"modality": "CR", "view": "PA"}):
        tally.film("x", Surveyed(scored(**facts), "none"), None)
    assert "PLANTED" not in str(tally.by)
    assert set(tally.by[By.MODALITY]) == {NO_CODE, NOT_SAID, "CR"}
    assert set(tally.by[By.VIEW]) == {NO_CODE, NOT_SAID, "PA"}


def test_names_that_are_no_text_are_counted_as_others(tmp_path: Path, bundle: Bundle, policy: GatePolicy) -> None:
    folder = tmp_path / "f"
    folder.mkdir()
    Path(os.fsdecode(os.fsencode(folder) + b"/\xff\x1b.jpg")).write_bytes(b"bad")
    found = Folder(folder, list_root(folder))
    _, tally, _ = surveyed(PaperPool({b"bad": [failed()]}), bundle, found, examples=5)
    document = survey_document(tally, [found], bundle, policy, listed=1, complete=True)
    assert document["failed"] == 1
    assert list(survey_lines(document))
