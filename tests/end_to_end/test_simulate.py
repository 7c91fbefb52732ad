"""`cxr-triage simulate` as its user runs it, and its documentation against the figures that are kept."""

from __future__ import annotations

import csv
import io
import json
import signal
import subprocess
import time
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from builders.parts import ROOT
from builders.program import Program, command_line

RUNS = ROOT / "docs" / "runs" / "simulation-2026.11"
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(tmp_path)


def kept(name: str, **wanted: Any) -> dict[str, Any]:
    """The one document of a kept file that was made under these assumptions."""
    found = [
        told
        for told in map(json.loads, (RUNS / name).read_text(encoding="utf-8").splitlines())
        if all({**told, **told["assumed"]}[key] == value for key, value in wanted.items())
    ]
    assert len(found) == 1
    document: dict[str, Any] = found[0]
    return document


def test_the_same_nights_as_table_json_csv_and_picture(program: Program) -> None:
    """Twice the same output; every form has every group; no database is made."""
    few = ("simulate", "--nights", "3")
    told = program.good(*few, "--format", "json", "--plot", "waits.svg")
    assert told.out == program.good(*few, "--format", "json").out
    groups = told.document["groups"]
    assert list(groups) == ["all", "pneumonia", "other_urgent", "normal", "unscored"]
    rows = list(csv.DictReader(io.StringIO(program.good(*few, "--format", "csv").out)))
    assert [row["group"] for row in rows[::2]] == list(groups)
    assert float(rows[3]["ratio"]) == groups["pneumonia"]["ratio"][0]
    table = program.good(*few).out
    assert f"{groups['pneumonia']['ratio'][0]:.2f} (" in table
    assert "other urgent findings, which the model does not look for, wait" in table
    picture = ElementTree.fromstring((program.folder / "waits.svg").read_text(encoding="utf-8"))
    text = picture.findtext(f"{SVG}desc") or ""
    assert picture.findtext(f"{SVG}title")
    assert f"pneumonia: mean {groups['pneumonia']['first_come']['mean']:.1f} minutes" in text
    assert len(picture.findall(f"{SVG}rect")) >= 2 * len(groups)
    assert [path.name for path in program.folder.iterdir()] == ["waits.svg"]


@pytest.mark.parametrize(
    "wrong",
    [("--auc", "0.4"), ("--auc", "nan"), ("--load", "nan"), ("--nights", "1"), ("--cap-minutes", "inf")],
    ids=" ".join,
)
def test_what_cannot_be_simulated_is_wrong_usage(program: Program, wrong: tuple[str, str]) -> None:
    done = program.run("simulate", *wrong)
    assert done.code == 2
    assert done.out == ""
    done.one_line()


def test_a_picture_that_cannot_be_written_is_one_line(program: Program) -> None:
    assert "draw the waits" in program.run("simulate", "--nights", "2", "--plot", "absent/waits.svg").one_line()


def test_ctrl_c_prints_the_nights_that_are_finished(program: Program) -> None:
    """The table is of fewer nights, and says so; the exit code is that of an interruption."""
    process = subprocess.Popen(
        [*command_line(), "simulate", "--nights", "10000", "--format", "json"],
        cwd=program.folder,
        env=program.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    time.sleep(3)  # some nights; before there are two, there is nothing to print, which also is a good end
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"Traceback" not in err
    assert err.count(b"\n") == 1
    if out:
        assert 2 <= json.loads(out)["nights"] < 10_000


def test_the_line_that_the_product_promises_holds_in_the_kept_figures() -> None:
    """200 nights, 10 %, load .9, AUC .90, the maximum wait that was fixed beforehand."""
    told = kept("caps.jsonl", cap_minutes=30, taking="places")
    assert (told["nights"], told["assumed"]["load"], told["assumed"]["auc"]) == (200, 0.9, 0.9)
    assert told["groups"]["pneumonia"]["ratio"][0] <= 0.6
    assert told["groups"]["all"]["longest"][0] <= 1.1


def test_the_page_says_what_was_kept() -> None:
    """Its key line, word for word."""
    groups = kept("caps.jsonl", cap_minutes=30, taking="places")["groups"]
    pneumonia, every, other = groups["pneumonia"], groups["all"], groups["other_urgent"]
    page = " ".join((ROOT / "docs" / "simulation.md").read_text(encoding="utf-8").split())
    assert (
        f"pneumonia waits {pneumonia['ordered']['mean']:.1f} minutes on average instead of "
        f"{pneumonia['first_come']['mean']:.1f} (**{100 * pneumonia['ratio'][0]:.0f} %**, 95 % interval "
        f"{100 * pneumonia['ratio'][1]:.0f} to {100 * pneumonia['ratio'][2]:.0f} %)"
    ) in page
    assert (
        f"the longest wait of a night is {every['ordered']['longest']:.0f} minutes instead of "
        f"{every['first_come']['longest']:.0f} (**{100 * (every['longest'][0] - 1):.1f} % longer**)"
    ) in page
    assert f"other urgent findings wait **{other['delay'][0]:.1f} minutes longer**" in page


def test_every_row_of_the_page_is_in_the_kept_files() -> None:
    """Tables of the page are made from them by docs/runs/simulation-2026.11/tables.py."""
    from runpy import run_path

    page = (ROOT / "docs" / "simulation.md").read_text(encoding="utf-8")
    for table in run_path(str(RUNS / "tables.py"))["tables"](RUNS):
        assert table in page


def test_the_kept_figures_are_those_of_this_program() -> None:
    """The first nights again: medians need all nights, so every figure of 200 nights is run again."""
    from daemon.simulation.department import Assumptions, Calendar
    from daemon.simulation.document import document
    from daemon.simulation.figures import compared, one_night
    from daemon.simulation.reading import Taking

    told = kept("caps.jsonl", cap_minutes=30, taking="places")
    assumed = Assumptions(**{**told["assumed"], "calendar": Calendar(told["assumed"]["calendar"])})
    nights = [one_night(assumed, 30.0, Taking.PLACES, 1, number) for number in range(200)]
    again = document(assumed, cap=30.0, taking=Taking.PLACES, nights=200, seed=1, groups=compared(nights, 1))
    for group, found in again["groups"].items():
        assert found["films"] == told["groups"][group]["films"]
        for order in ("first_come", "ordered"):
            assert found[order] == pytest.approx(told["groups"][group][order], abs=0.01)
        assert found["ratio"] == pytest.approx(told["groups"][group]["ratio"], abs=0.01)
