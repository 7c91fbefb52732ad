"""The command line as a surface: help, usage, streams; no film is needed for it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from builders.parts import ROOT
from builders.program import Program, command_line

COMMANDS = [
    "",
    "scan",
    "watch",
    "receive",
    "queue",
    "review",
    "read",
    "urgency",
    "agreement",
    "accept",
    "ledger",
    "drift",
    "account",
    "history",
    "heatmap",
    "explain",
    "survey",
    "retry",
    "reconcile",
    "handled",
    "report",
    "deliver",
    "deliver run",
    "deliver list",
    "deliver acknowledge",
    "simulate",
    "rehearse",
    "collect",
    "status",
    "roots",
    "roots list",
    "roots accept",
    "roots retire",
    "canary",
    "metrics",
    "config",
    "config example",
    "config check",
    "demo",
]
# What takes longer to import than a --help may take; a command imports them when it does its work.
HEAVY = {"PIL", "ai_edge_litert", "alembic", "apscheduler", "jinja2", "numpy", "pebble", "pydantic", "pydicom"}
HEAVY |= {"prometheus_client", "pynetdicom", "sqlalchemy", "tensorflow", "watchdog"}
HELP = """
import json, sys
from click.testing import CliRunner
before = set(sys.modules)
from daemon.cli.start import stranger
from daemon.cli.main import cli
assert stranger() is None
for command in json.loads(sys.argv[1]):
    result = CliRunner().invoke(cli, [*command.split(), "--help"], prog_name="cxr-triage")
    modules = sorted({name.split(".")[0] for name in set(sys.modules) - before})
    print(json.dumps([command, result.exit_code, result.output, modules]))
"""


@pytest.fixture(scope="module")
def helps() -> dict[str, tuple[int, str, list[str]]]:
    """What every --help says, and what had been imported by then."""
    environment = {**os.environ, "PYTHONPATH": os.fspath(ROOT), "PYTHONSAFEPATH": "1"}
    done = subprocess.run(
        [sys.executable, "-c", HELP, json.dumps(COMMANDS)], env=environment, capture_output=True, text=True, check=True
    )
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    return {command: (code, text, modules) for command, code, text, modules in rows}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(command: str, helps: dict[str, tuple[int, str, list[str]]]) -> None:
    code, text, _ = helps[command]
    assert code == 0
    examples = [line for line in text.splitlines() if line.strip().startswith("Example: ")]
    assert len(examples) == 1
    assert f"cxr-triage {command}".strip() in examples[0].replace(" --config /etc/cxr-triage/config.toml", "")


def test_help_imports_nothing_heavy(helps: dict[str, tuple[int, str, list[str]]]) -> None:
    assert not HEAVY & set(helps[COMMANDS[-1]][2])


def test_the_table_of_commands_names_each_module(helps: dict[str, tuple[int, str, list[str]]]) -> None:
    from daemon.cli.main import COMMANDS as LISTED

    shared = {"__init__", "main", "interrupt", "options", "progress", "start"}
    assert set(LISTED) == {path.stem for path in (ROOT / "daemon" / "cli").glob("*.py")} - shared
    assert set(LISTED) == {command.split()[0] for command in COMMANDS if command}


@pytest.mark.parametrize(
    "command",
    [
        "scan",
        "watch",
        "queue",
        "review",
        "read",
        "agreement",
        "accept",
        "ledger",
        "drift",
        "account",
        "report",
        "status",
        "history",
        "retry",
        "reconcile",
        "handled",
        "collect",
        "rehearse",
    ],
)
def test_every_command_of_the_store_takes_db(command: str, helps: dict[str, tuple[int, str, list[str]]]) -> None:
    assert "--db URL|FILE" in helps[command][1]


def test_the_module_is_the_program(tmp_path: Path) -> None:
    program = Program(tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "daemon", "--version"], env=program.environment(), capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (0, program.good("--version").out)


def test_no_arguments_print_the_help(program: Program) -> None:
    done = program.run()
    assert done.code == 2
    assert "Commands:" in done.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["nothing"],
        ["queue", "--nothing"],
        ["queue", "--limit", "0"],
        ["queue", "--format", "xml"],
        ["scan", "--population", "dogs", "."],
        ["scan", "--settle-seconds", "nan", "."],
        ["scan"],
        ["watch"],
        ["review", "S-1"],
        ["review", "S-1", "perhaps"],
        ["review"],
        ["review", "S-1", "not", "--csv", "verdicts.csv"],
        ["read"],
        ["retry"],
        ["history"],
        ["explain"],
        ["explain", "a.jpg", "--population", "dogs"],
        ["survey"],
        ["survey", ".", "--examples", "-1"],
        ["handled"],
        ["handled", "--older-than", "30"],
        ["collect"],
        ["collect", "out"],
        ["collect", "out", "--random", "0"],
        ["collect", "out", "--refused", "--since", "yesterday"],
        ["collect", "out", "--refused", "--side", "4000"],
        ["reconcile"],
        ["reconcile", "--expected", "ris.csv", "--grace", "soon"],
        ["reconcile", "--expected", "ris.csv", "--since", "yesterday"],
        ["deliver", "--once"],
        ["deliver", "acknowledge"],
        ["deliver", "acknowledge", "0"],
        ["read", "S-1", "--csv", "reads.csv"],
        ["report", "--date", "2026-13-01"],
        ["report", "--date", "9999-01-01"],
        ["report", "--format", "docx"],
        ["report", "--format", ","],
        ["rehearse"],
        ["rehearse", "--since", "yesterday"],
        ["rehearse", "--since", "2026-11-22", "--threshold", "dogs=1"],
        ["rehearse", "--since", "2026-11-22", "--first-threshold", "adults=nan"],
        ["rehearse", "--since", "2026-11-22", "--config", "absent.toml"],
        ["--config", "/", "queue"],
        ["--config", "absent.toml", "queue"],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_one_line_and_exit_code_2(program: Program, arguments: list[str]) -> None:
    done = program.run(*arguments)
    assert done.code == 2
    assert done.out == ""
    done.one_line()
    assert [path.name for path in program.folder.iterdir()] == []  # no database of a command that could not run


def test_a_folder_inside_another_is_wrong_usage_and_the_same_folder_counts_once(program: Program) -> None:
    films = program.folder / "films"
    (films / "ward").mkdir(parents=True)
    (program.folder / "link").symlink_to(films)
    assert "ward lies in films" in program.run("scan", "films", "films/ward").one_line()
    assert "link/ward lies in films" in program.run("scan", "films", "link/ward").one_line()
    program.good("scan", "films", "./films", "link", "--settle-seconds", "0.1", "--db", "t.db")
    assert len(program.run("status", "--format", "json", "--db", "t.db").document["roots"]) == 1


def test_a_reader_that_leaves_is_no_error(program: Program) -> None:
    program.good("config", "example")
    process = subprocess.Popen(
        [*command_line(), "config", "example"],
        env=program.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait() == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_output_that_cannot_be_written_is_one_line(program: Program) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*command_line(), "config", "example"],
            env=program.environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "No space left on device" in done.stderr


def test_the_example_configuration_is_one_that_can_be_used(program: Program) -> None:
    (program.folder / "config.toml").write_text(program.good("config", "example").out)
    done = program.good("--config", "config.toml", "config", "check")
    assert done.out == "the configuration can be used: 1 root, store cxr-triage.db\n"
    assert done.err == "warning: /srv/incoming is not there now\n"


def test_the_environment_names_the_configuration(program: Program) -> None:
    (program.folder / "own.toml").write_text('[store]\nurl = "own.db"\n')
    assert "store own.db" in program.good("config", "check", CXR_TRIAGE_CONFIG="own.toml").out
    assert (
        "store other.db"
        in program.good("--config", "own.toml", "config", "check", CXR_TRIAGE_STORE__URL="other.db").out
    )
