"""`accept` through the real program: what it takes, what it says of the limits, and how every output says it."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from builders.acceptance import POINT, RATE
from builders.films import grey_film, jpeg
from builders.program import Program

from daemon.acceptance.asked import document_text, ensure_kept, identity_of
from db import acceptances
from db.acceptances import AcceptanceRow
from db.store import open_store
from models.bundle import read_bundle

NAME = "Planted Name"
NEVER = "not accepted at this site: nobody has tested the bundle on this site's own films"


@pytest.fixture
def house(program: Program) -> Program:
    """Two films of nobody in particular, scanned; and three labelled ones, one of them under both labels."""
    films = {"a.jpg": grey_film(seed=1, opacity=0.9), "b.jpg": grey_film(seed=2)}
    for folder in ("films", "site/NORMAL", "site/PNEUMONIA"):
        (program.folder / folder).mkdir(parents=True)
    for name, film in films.items():
        (program.folder / "films" / name).write_bytes(jpeg(film))
    shutil.copy(program.folder / "films/a.jpg", program.folder / "site/PNEUMONIA/a.jpg")
    shutil.copy(program.folder / "films/b.jpg", program.folder / "site/PNEUMONIA/b.jpg")
    shutil.copy(program.folder / "films/b.jpg", program.folder / "site/NORMAL/c.jpg")
    (program.folder / "site/NORMAL/notes.txt").write_text("no film")
    program.good("scan", "films", "--population", "adults")
    return program


def outputs(program: Program) -> dict[str, str]:
    """Every command that shows a band or a probability, and every file of a report."""
    asked = {
        "queue": ["queue"], "queue json": ["queue", "--format", "json"], "status": ["status"],
        "status json": ["status", "--format", "json"], "agreement": ["agreement"],
        "explain": ["explain", "films/a.jpg"], "explain json": ["explain", "films/a.jpg", "--format", "json"],
        "survey json": ["survey", "films", "--format", "json"], "heatmap": ["heatmap", "S-000001"],
        "history": ["history", "films/a.jpg"], "show": ["accept", "--show"],
    }  # fmt: skip
    said = {name: program.run(*words).out for name, words in asked.items()}
    program.good("report")
    for file in (program.folder / "reports").rglob("report.*"):
        said[file.name] = " ".join(file.read_text().split()).replace("&#39;", "'")
    assert {"report.html", "report.json", "report.csv"} <= set(said)
    return said


def accepted(program: Program) -> None:
    """As if it had been tested on as many films as it takes: those are 400, and a test has better things to do."""
    assert program.bundle is not None
    bundle, now = read_bundle(program.bundle), datetime.now(UTC)
    assert document_text(bundle)
    identity = identity_of(bundle)
    judged = {"sensitivity": RATE, "specificity": RATE, "auc": RATE, "worth": None}
    with open_store(str(program.folder / "cxr-triage.db"), create=False) as store, store.write() as tx:
        ensure_kept(tx, bundle, now)
        for who in ("children", "adults"):
            row = AcceptanceRow(
                0, bundle.name, identity.model_sha256, identity.document_sha256, who, True, now, NAME, "site",
                json.dumps({"pneumonia": 112, "without": 300}), json.dumps({"judged": judged}), json.dumps(POINT),
            )  # fmt: skip
            acceptances.add(tx, row)


def test_too_few_films_have_an_exit_code_of_their_own_and_accept_nothing(house: Program) -> None:
    """What is under both labels counts for neither; and nothing of the films is in the queue after that."""
    before = house.good("queue", "--format", "json").document["queue"]
    done = house.run("accept", "--data", "site", "--population", "adults", "--by", NAME, "--format", "json")
    assert (done.code, done.err) == (3, "")
    found = done.document
    assert found["missing"] == [
        "adults: there are 1 with pneumonia and 0 without; it takes 99 more with pneumonia and 300 more without"
    ]
    assert found["left_out"]["same content under both labels"] == 1
    assert found["refused_and_failed_by"] == {"not-a-film": 1} or found["left_out"]["failed"] == 1
    assert house.good("accept", "--show", "--format", "json").document["judgements"] == []
    assert house.good("queue", "--format", "json").document["queue"] == before
    reviews = house.run("accept", "--data", "reviews", "--by", NAME)
    assert reviews.code == 3
    assert "nothing is judged or accepted, films are missing:" in reviews.out


def test_every_output_says_that_it_is_not_accepted_and_then_by_whom_it_is(house: Program) -> None:
    """Bands and probabilities come from the refitted points from then on, and from the bundle's own once revoked."""
    before = outputs(house)
    for name, text in before.items():
        assert "ot accepted at this site" in text or name == "report.csv", name
    assert NEVER[1:] in before["report.html"]
    assert ",false," in before["report.csv"]
    accepted(house)
    after = outputs(house)
    for name, text in after.items():
        assert "ot accepted" not in text, name
    for name in ("queue", "queue json", "status", "explain", "show", "report.html", "report.json"):
        assert f"by {NAME} on 412 films, by points refitted here (lapses " in after[name], name
    for name in ("survey json", "report.csv"):  # these are sent to others
        assert NAME not in after[name], name
    assert json.loads(before["queue json"])["queue"][0]["probability"] != pytest.approx(
        json.loads(after["queue json"])["queue"][0]["probability"]
    )
    assert "next from -0.500, first from 1.500" in after["explain"]
    assert house.good("accept", "--revoke", "--by", NAME).out.startswith("2 judgements revoked")
    assert "was revoked" in house.good("queue").out
    assert json.loads(before["queue json"])["queue"] == house.good("queue", "--format", "json").document["queue"]
    assert "no judgement to take back" in house.run("accept", "--revoke", "--by", NAME).one_line()


@pytest.mark.parametrize(
    "words",
    [
        [], ["--data", "site"], ["--data", "site", "--show"], ["--show", "--by", "x"], ["--revoke"],
        ["--show", "--refit"], ["--data", "site", "--by", ""], ["--data", "site", "--by", "a\nb"],
        ["--data", "site", "--by", "x" * 81], ["--data", "site", "--by", "x", "--least", "1"],
    ],
    ids=lambda words: " ".join(words)[:30],
)  # fmt: skip
def test_what_makes_no_sense_is_wrong_usage(words: list[str], program: Program) -> None:
    done = program.run("accept", *words)
    assert done.code == 2
    assert done.one_line()
    assert not Path(program.folder / "cxr-triage.db").exists()


def test_a_folder_that_is_none_is_one_line(program: Program) -> None:
    assert "there is no such class folder" in program.run("accept", "--data", "nowhere", "--by", "x").one_line()
