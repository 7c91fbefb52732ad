"""`cxr-triage explain` and `survey` through the real program: answers, pictures, exit codes, and nothing stored."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import stat
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
from builders.dicom import dicom
from builders.films import grey_film, jpeg
from builders.program import LIMIT, Program, command_line
from PIL import Image

FILMS = 4000  # more than any machine judges in the two seconds before progress is drawn


@pytest.fixture
def films(program: Program) -> Path:
    """A film, its copy, a hand and a text."""
    folder = program.folder / "films"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(jpeg(grey_film(1200, 900, seed=1, opacity=1.0)))
    (folder / "again.jpg").write_bytes(jpeg(grey_film(1200, 900, seed=1, opacity=1.0)))
    (folder / "chest.dcm").write_bytes(dicom(accession="PLANTED1", PatientName="PLANTED^MARKER"))
    (folder / "hand.dcm").write_bytes(dicom(body_part="HAND"))
    (folder / "text.jpg").write_text("this is a text")
    return folder


def test_the_answer_is_the_scans(program: Program, films: Path) -> None:
    """Film by film, to the last bit of the logit."""
    program.good("scan", "films", "--settle-seconds", "0.1", "--db", "t.db")
    stored = program.good("queue", "--format", "json", "--db", "t.db").document
    images = {image["path"]: image for study in stored["queue"] for image in study["images"]}
    assert len(images) == 4
    for path, image in images.items():
        document = program.good("explain", path, "--format", "json").document
        assert (document["answer"]["verdict"], document["answer"]["code"]) == (image["state"], image["code"])
        score = document["score"] or {"logit": None, "probability": None}
        assert (score["logit"], score["probability"]) == (image["logit"], image["probability"])


def test_pictures_are_drawn_of_a_score_and_are_for_the_group(program: Program, films: Path) -> None:
    (program.folder / "out").mkdir()
    document = program.good("explain", "films/a.jpg", "--out", "out", "--format", "json").document
    model, heatmap = (program.folder / document["pictures"][name] for name in ("model", "heatmap"))
    shown = np.asarray(Image.open(model))
    side = document["bundle"]["side"]
    assert shown.shape == (side * 4, side * 4)
    assert (shown[::4, ::4].repeat(4, 0).repeat(4, 1) == shown).all()  # hard pixels
    over = np.asarray(Image.open(heatmap))
    assert over.shape[1:] == (1200, 3)
    assert over.shape[0] > 900
    assert {stat.S_IMODE(path.stat().st_mode) for path in (model, heatmap)} == {0o640}
    assert len(list((program.folder / "out").iterdir())) == 2


def test_the_heat_map_is_that_of_the_heatmap_command(program: Program, films: Path) -> None:
    """But for the legend, and for the last of 256 grey levels."""
    (program.folder / "out").mkdir()
    program.good("scan", "films", "--settle-seconds", "0.1", "--db", "t.db")
    program.good("heatmap", "films/a.jpg", "--out", "h.png", "--db", "t.db")
    document = program.good("explain", "films/a.jpg", "--out", "out", "--format", "json").document
    one, other = (
        np.asarray(Image.open(program.folder / name))[:900].astype(int)
        for name in ("h.png", document["pictures"]["heatmap"])
    )
    assert np.abs(one - other).max() <= 1


def test_a_film_without_a_score_has_no_heat_map(program: Program, films: Path) -> None:
    (program.folder / "out").mkdir()
    hand = program.good("explain", "films/hand.dcm", "--out", "out", "--format", "json").document["pictures"]
    assert hand["model"]
    assert (hand["heatmap"], hand["reason"]) == (None, "a film without a score has no heat map")
    text = program.good("explain", "films/text.jpg", "--out", "out")
    assert "answer: failed (unknown-format)" in text.out
    assert "not drawn: " in text.out


@pytest.mark.parametrize("out", ["films", "absent", "watched", "watched/below"])
def test_pictures_go_nowhere_where_they_would_be_films(program: Program, films: Path, out: str) -> None:
    (program.folder / "watched" / "below").mkdir(parents=True)
    (program.folder / "c.toml").write_text('[[root]]\npath = "watched"\n')
    done = program.run("--config", "c.toml", "explain", "films/a.jpg", "--out", out)
    assert done.code == 1
    assert done.out == ""
    assert done.one_line().startswith(f"cxr-triage: cannot write picture {out}")


def test_a_table_names_no_patient(program: Program, films: Path) -> None:
    done = program.good("explain", "films/chest.dcm")
    assert "PLANTED" not in done.out + done.err
    assert "  answer: scored\n" in done.out
    assert "nothing speaks against a score" in done.out


def test_a_hostile_name_is_escaped(program: Program, films: Path) -> None:
    path = os.fsdecode(os.fsencode(films) + b"/bad\xff\x1b[31m\n.jpg")
    Path(path).write_text("text")
    done = program.good("explain", path)
    assert "\x1b" not in done.out
    assert "bad\\udcff\\x1b[31m\\n.jpg" in done.out
    assert program.good("explain", path, "--format", "json").document["path"] == path


@pytest.mark.parametrize("command", [["explain", "films/a.jpg"], ["survey", "films"]], ids=lambda words: words[0])
def test_nothing_is_stored(program: Program, films: Path, command: list[str]) -> None:
    before = sorted(program.folder.rglob("*"))
    program.good(*command)
    assert sorted(program.folder.rglob("*")) == before


@pytest.mark.parametrize(
    ("argument", "cause"), [("films", "it is a folder"), ("nothing.dcm", "No such file or directory")]
)
def test_what_cannot_be_explained_is_one_line(program: Program, films: Path, argument: str, cause: str) -> None:
    done = program.run("explain", argument)
    assert done.code == 1
    assert f"cannot explain {argument}: {cause}" in done.one_line()


def test_the_sites_rules_and_roots_count(program: Program, films: Path) -> None:
    (program.folder / "c.toml").write_text(
        '[gate]\nmark = ["body-part"]\n[[root]]\npath = "films"\npopulation = "children"\nexclude = ["text*"]\n'
    )
    hand = program.good("--config", "c.toml", "explain", "films/hand.dcm", "--format", "json").document
    assert (hand["answer"]["verdict"], hand["answer"]["marks"]) == ("scored", ["body-part"])
    assert (hand["findings"][0]["does"], hand["score"]["band"]) == ("marks", None)
    plain = program.good("--config", "c.toml", "explain", "films/a.jpg", "--format", "json").document
    assert (plain["population"]["group"], plain["population"]["from"]) == ("children", "declared")
    assert "the daemon does not look at it" in program.good("--config", "c.toml", "explain", "films/text.jpg").out
    survey = program.good("--config", "c.toml", "survey", "--format", "json").document
    assert (survey["files"], survey["marked"], survey["codes"]["marked"]) == (4, 1, {"body-part": 1})


def test_a_survey_counts_and_names_files_when_asked(program: Program, films: Path) -> None:
    document = program.good("survey", "films", "--format", "json").document
    assert {name: document[name] for name in ("files", "scored", "marked", "refused", "failed", "duplicate")} == {
        "files": 5,
        "scored": 2,
        "marked": 0,
        "refused": 1,
        "failed": 1,
        "duplicate": 1,
    }
    assert document["balanced"]
    assert document["examples"] == {}
    assert document["by"]["transfer_syntax"]["Explicit VR Little Endian"]["files"] == 2
    table = program.good("survey", "films", "--examples", "1").out
    assert "films/hand.dcm" in table
    assert "PLANTED" not in table
    rows = list(csv.DictReader(io.StringIO(program.good("survey", "films", "--format", "csv").out)))
    assert (rows[0]["what"], rows[0]["files"], rows[0]["duplicate"]) == ("all", "5", "1")


def test_a_survey_in_which_nothing_can_be_scored_says_so_by_its_exit_code(program: Program, films: Path) -> None:
    for name in ("a.jpg", "again.jpg", "chest.dcm"):
        (films / name).unlink()
    assert program.run("survey", "films").code == 1
    absent = program.run("survey", "films", "absent")
    assert absent.code == 1
    assert "cannot list folder absent" in absent.one_line()
    assert "failed            1" in absent.out


def test_ctrl_c_prints_what_was_counted(program: Program) -> None:
    """On a real terminal; the document that is printed is whole, and adds up."""
    folder = program.folder / "films"
    folder.mkdir()
    film = jpeg(grey_film(1200, 900), 40)
    for number in range(FILMS):  # each other content: what follows the end of a JPEG is no part of it
        (folder / f"{number}.jpg").write_bytes(film + b"%d" % number)
    master, slave = pty.openpty()
    with (program.folder / "out.json").open("wb") as out:
        process = subprocess.Popen(
            [*command_line(), "survey", "films", "--format", "json"],
            cwd=program.folder,
            env=program.environment(),
            stdin=slave,
            stdout=out,
            stderr=slave,
            preexec_fn=_own_terminal,
        )
    os.close(slave)
    shown, pressed, until = "", False, time.monotonic() + LIMIT
    while time.monotonic() < until:
        try:
            shown += os.read(master, 4096).decode()
        except OSError:
            break
        if not pressed and f" of {FILMS} films, " in shown:
            pressed = True
            os.write(master, b"\x03")
    assert process.wait(LIMIT) == 130, shown
    os.close(master)
    assert "Traceback" not in shown
    document = json.loads((program.folder / "out.json").read_text())
    assert not document["complete"]
    assert 0 < document["files"] < FILMS
    assert document["files"] + document["left"] == FILMS
    assert f"cxr-triage: interrupted; {document['left']} files are not counted" in shown


def _own_terminal() -> None:
    import fcntl
    import termios

    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
