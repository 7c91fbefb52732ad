"""Blind cases through the real program: no output tells a score before there is a verdict, and every one after it."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from builders.dicom import dicom
from builders.films import grey_film, jpeg
from builders.program import Done, Program

HIDDEN = ("band", "probability", "prevalence", "logit", "policy")
CONFIG = """
[store]
url = "t.db"
[report]
folder = "reports"
[metrics]
file = "m.prom"
[review]
blind_share = { first = 0.0, next = 0.0, in_turn = 0.0 }
[[root]]
path = "films"
settle_seconds = 0.1
"""


def drawn(program: Program, *bands: str) -> None:
    """Draw every study of these bands."""
    text = (program.folder / "c.toml").read_text()
    for band in bands:
        text = text.replace(f"{band} = 0.0", f"{band} = 1.0")
    (program.folder / "c.toml").write_text(text)


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory, bundle: Path) -> Program:
    """Three films, scanned where only those of the band `first` are drawn; and what each scored, from another store."""
    program = Program(tmp_path_factory.mktemp("blind"), bundle, settings={"CXR_TRIAGE_CONFIG": "c.toml"})
    films = program.folder / "films"
    films.mkdir()
    (program.folder / "c.toml").write_text(CONFIG)
    (films / "high.jpg").write_bytes(jpeg(grey_film(1200, 900, seed=1, opacity=1.0)))
    (films / "copy.jpg").write_bytes(jpeg(grey_film(1200, 900, seed=1, opacity=1.0)))
    (films / "low.dcm").write_bytes(dicom(accession="A1", study_uid="1.2.1"))
    (films / "middle.jpg").write_bytes(jpeg(grey_film(700, 600, seed=3, opacity=0.2)))
    program.good("scan", "--db", "known.db")
    known = program.good("queue", "--format", "json", "--db", "known.db").document["queue"]
    (program.folder / "known.json").write_text(json.dumps(known))
    drawn(program, *{entry["band"] for entry in known if "high" in str(entry["images"])})
    logged = program.good("scan")
    (program.folder / "scan.log").write_text(logged.out + logged.err)
    return program


@pytest.fixture
def known(once: Program) -> dict[str, Any]:
    """What the blind study scored."""
    entries = json.loads((once.folder / "known.json").read_text())
    [found] = [entry for entry in entries if "high.jpg" in str(entry["images"]) or "copy.jpg" in str(entry["images"])]
    assert len({entry["band"] for entry in entries}) > 1  # else nothing is left that could give it away
    return dict(found)


def copied(once: Program, folder: Path) -> Program:
    """The same in another folder, which may be changed."""
    shutil.copytree(once.folder, folder, dirs_exist_ok=True, copy_function=shutil.copy2)
    with closing(sqlite3.connect(folder / "t.db")) as store:
        store.execute("update root set path = ?", (bytes(folder / "films"),))
        store.commit()
    return Program(folder, once.bundle, settings=once.settings)


@pytest.fixture
def program(once: Program, tmp_path: Path) -> Program:
    """A copy that a test may change."""
    return copied(once, tmp_path)


def digits(known: dict[str, Any]) -> set[str]:
    """Every spelling of its score that an output could have."""
    numbers = (known["logit"], known["probability"])
    return {form for value in numbers for form in (repr(value), f"{value:.6g}", f"{value:.5f}", f"{value:.4f}")} | {
        f"logit {known['logit']:.3f}",
        f"probability {known['probability']:.3f}",
        f" {known['probability']:.3f} ",
    }


def blind_of(program: Program) -> dict[str, Any]:
    [found] = [entry for entry in program.good("queue", "--format", "json").document["queue"] if entry["blind"]]
    return dict(found)


def outputs(program: Program, study: str, path: str) -> dict[str, Done]:
    """What every command says that could know of a score."""
    asked: list[list[str]] = [
        ["queue"],
        ["queue", "--format", "json"],
        ["queue", "--format", "csv"],
        ["history", path],
        ["history", path, "--format", "json"],
        ["history", "films/copy.jpg", "--format", "json"],
        ["heatmap", study],
        ["heatmap", study, "--format", "json"],
        ["heatmap", "films/copy.jpg", "--format", "json"],
        ["explain", path],
        ["explain", path, "--format", "json"],
        ["explain", "films/copy.jpg", "--out", "explained", "--format", "json"],
        ["survey"],
        ["survey", "--format", "json"],
        ["survey", "--format", "csv"],
        ["metrics"],
        ["drift"],
        ["drift", "--format", "json"],
        ["status"],
        ["status", "--format", "json"],
        ["account"],
        ["account", "--format", "json", "--verify"],
        ["handled", "--older-than", "1h", "--unread"],
        ["collect", "cases", "--random", "9", "--format", "json", "--key", "cases.key"],
        ["agreement"],
        ["agreement", "--format", "json"],
        ["accept", "--show"],
        ["accept", "--data", "reviews", "--by", "KL", "--format", "json"],
        ["accept", "--data", "labelled", "--by", "KL", "--format", "json"],
        ["ledger"],
        ["rehearse", "--since", "2026-01-01", "--threshold", "adults=99", "--first-threshold", "adults=99"],
        ["rehearse", "--since", "2026-01-01", "--format", "json"],
        ["ledger", "--format", "json"],
        ["ledger", "--format", "csv"],
        ["report"],
        ["report", "--downtime", "--out", "sheets"],
        ["scan"],
    ]
    (program.folder / "explained").mkdir()
    for name in ("NORMAL", "PNEUMONIA"):
        (program.folder / "labelled" / name).mkdir(parents=True)
    shutil.copy(program.folder / path, program.folder / "labelled" / "PNEUMONIA")
    return {" ".join(words): program.run(*words) for words in asked}


@dataclass(frozen=True, slots=True)
class Told:
    """What was told of the blind case, and where the files lie that the commands wrote; no test changes it.

    Attributes:
        entry: the case in the queue, before the commands.
        said: by the command's words.
    """

    program: Program
    entry: dict[str, Any]
    said: dict[str, Done]


@pytest.fixture(scope="module")
def told(once: Program, tmp_path_factory: pytest.TempPathFactory) -> Told:
    """Every command, once for all tests that only read what it says."""
    program = copied(once, tmp_path_factory.mktemp("told"))
    entry = blind_of(program)
    return Told(program, entry, outputs(program, entry["study"], entry["images"][0]["path"]))


def test_no_output_tells_the_score_of_a_blind_case(told: Told, known: dict[str, Any]) -> None:
    """Its digits stand in none, nor in any file that a command writes; each says that it is blind."""
    program, entry, said = told.program, told.entry, told.said
    assert [entry[name] for name in HIDDEN] == [None] * 5
    assert [entry["images"][0][name] for name in HIDDEN[1:]] == [None] * 4
    for command, done in said.items():
        assert (done.code, done.err) == (0, "") or command.startswith(
            ("scan", "metrics", "status", "handled", "accept --data")
        ), done
    files = [
        file for folder in ("reports", "sheets", "cases", "explained") for file in (program.folder / folder).rglob("*")
    ]
    files += [program.folder / "scan.log", program.folder / "cases.key"]
    written = {
        str(file.relative_to(program.folder)): file.read_bytes().decode("utf-8", "replace")
        for file in files
        if file.is_file()
    }
    assert any(name.endswith("report.html") for name in written)
    assert any(name.endswith("manifest.csv") for name in written)
    texts = {**{command: done.out + done.err for command, done in said.items()}, **written}
    leaks = [(where, form) for where, text in texts.items() for form in digits(known) if form in text]
    assert leaks == []
    assert not [name for name in written if "heatmap" in name]


def test_every_output_says_that_it_is_blind(told: Told, known: dict[str, Any]) -> None:
    """And counts it in no band."""
    program, entry, said = told.program, told.entry, told.said
    path = entry["images"][0]["path"]
    [generation] = said[f"history {path} --format json"].document["films"][0]["generations"]
    assert generation["blind"] is True
    assert [generation["result"][name] for name in HIDDEN[1:]] == [None] * 4
    for command in (f"heatmap {entry['study']} --format json", "heatmap films/copy.jpg --format json"):
        [image] = said[command].document["images"]
        assert (image["blind"], image["band"], "map" in image) == (True, None, False)
    for command in (f"explain {path} --format json", "explain films/copy.jpg --out explained --format json"):
        assert (said[command].document["blind"], said[command].document["score"]) == (True, None)
    [case] = [
        each
        for each in said["collect cases --random 9 --format json --key cases.key"].document["cases"]
        if each["study"] == entry["study"]
    ]
    assert (case["blind"], case["band"]) == (True, None)
    survey = said["survey --format json"].document
    assert (survey["bands"][known["band"]], survey["blind"]) == (0, 1)
    [report] = program.folder.glob("reports/*/report.json")
    night = json.loads(report.read_text())
    assert (night["report"]["bands"][known["band"]], night["report"]["blind"]) == (0, 1)
    assert night["report"]["bands"]["unscored"] == 0
    assert [each["band"] for each in night["queue"] if each["blind"]] == [None]
    page = report.with_suffix(".html").read_text()
    assert page.count('class="gauge"') == len(night["queue"]) - 1
    for text in (said["queue"].out, said[f"history {path}"].out, said[f"explain {path}"].out, page):
        assert "blind" in text
    document = said["agreement --format json"].document
    assert document["blind_cases"] | {"judged": 0, "without_verdict": 1} == document["blind_cases"]
    assert document["bands"][known["band"]] == {"pneumonia": 0, "not": 0}
    assert program.run("heatmap", entry["study"], "--out", "h.png").code == 1
    assert not (program.folder / "h.png").exists()


def test_a_verdict_shows_the_score_everywhere(program: Program, known: dict[str, Any]) -> None:
    """And reading it does not."""
    entry = blind_of(program)
    path, study = entry["images"][0]["path"], entry["study"]
    program.good("read", study)
    assert program.good("heatmap", study, "--format", "json").document["images"][0]["blind"] is True
    program.good("review", study, "pneumonia", "--by", "kl")
    program.good("review", study, "not", "--by", "mn", "--note", "old film")
    assert program.good("heatmap", study, "--format", "json").document["images"][0]["logit"] == known["logit"]
    [generation] = program.good("history", path, "--format", "json").document["films"][0]["generations"]
    assert generation["result"]["logit"] == known["logit"]
    assert [(said["verdict"], said["by"], said["note"]) for said in generation["verdicts"]] == [
        ("pneumonia", "kl", None),
        ("not", "mn", "old film"),
    ]
    text = program.good("history", path).out
    assert "pneumonia (revised), kl" in text
    assert "not, mn: old film" in text
    assert program.good("explain", path, "--format", "json").document["score"]["logit"] == known["logit"]
    counted = program.good("agreement", "--format", "json").document["blind_cases"]
    assert (counted["judged"], counted["revised"], counted["drawn_without_every_band"]) == (1, 1, 1)


def test_explain_needs_no_database_but_will_not_guess_where_there_are_blind_cases(program: Program) -> None:
    """A store that cannot be read hides nothing at a site without blind cases, and stops it at one with them."""
    (program.folder / "t.db").write_bytes(b"no database at all, and longer than a header" * 40)
    done = program.run("explain", "films/high.jpg")
    assert done.code == 1
    done.one_line()
    off = program.folder / "c.toml"
    off.write_text(off.read_text().replace("= 1.0", "= 0.0"))
    assert program.good("explain", "films/high.jpg", "--format", "json").document["score"] is not None


def test_agreement_says_how_often_the_bands_were_right(program: Program) -> None:
    """By the first verdicts, once every band has a share; the same verdicts give the same figures."""
    drawn(program, "first", "next", "in_turn")
    program.good("scan", "--db", "all.db")
    for entry in program.good("queue", "--format", "json", "--db", "all.db").document["queue"]:
        assert entry["blind"]
        high = "high" in str(entry["images"]) or "copy" in str(entry["images"])
        program.good("review", entry["study"], "pneumonia" if high else "not", "--db", "all.db")
    one, other = (program.good("agreement", "--format", "json", "--db", "all.db").document for _ in range(2))
    assert {**one, "generated_at": ""} == {**other, "generated_at": ""}
    assert one["blind_cases"]["counted"] == 3
    assert sum(told["pneumonia"] + told["not"] for told in one["bands"].values()) == 3
    assert set(one["by_root"]) == {str(program.folder / "films")}
    assert "sensitivity" in program.good("agreement", "--db", "all.db").out
