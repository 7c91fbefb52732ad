"""The settings: every error at once and by key, the environment over the file, and roots that do not overlap."""

import datetime as dt
import os
from importlib.resources import files
from pathlib import Path

import pytest
from pydantic import BaseModel

from daemon.errors import ConfigurationError
from daemon.roots import roots_of
from daemon.settings import Settings, load_settings, overlap
from models.population import Population


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith("CXR_TRIAGE_"):
            monkeypatch.delenv(name)


def toml(folder: Path, text: str) -> Path:
    file = folder / "config.toml"
    file.write_text(text, encoding="utf-8")
    return file


def faults_of(path: Path | None) -> str:
    with pytest.raises(ConfigurationError) as raised:
        load_settings(path)
    return raised.value.cause


def test_without_anything_there_are_defaults() -> None:
    """A program without a configuration works."""
    settings = load_settings(None)
    assert settings.store.url == "cxr-triage.db"
    assert settings.root == ()
    assert settings.report.time == dt.time(6, 0)


def test_the_example_holds_every_key_and_every_default(tmp_path: Path) -> None:
    """What `config example` prints can be used, and says what is so without it."""
    text = files("daemon").joinpath("example.toml").read_text(encoding="utf-8")
    settings, defaults = load_settings(toml(tmp_path, text)), Settings()
    assert settings.model_copy(update={"root": ()}) == defaults
    for section in Settings.model_fields:
        model = settings.root[0] if section == "root" else getattr(settings, section)
        for key in type(model).model_fields:
            if isinstance(part := getattr(model, key), BaseModel) and f"[{section}.{key}]" in text:
                assert all(f"{each} = " in text for each in type(part).model_fields), f"{section}.{key}"
                continue
            assert f"{key} = " in text, f"{section}.{key} is not in the example"


def test_all_errors_are_named_at_once_by_key(tmp_path: Path) -> None:
    """Unknown sections and keys, wrong values, in the file: one error names each."""
    file = toml(
        tmp_path,
        """
        [stor]
        [store]
        uri = "x.db"
        [report]
        zone = "Europe/Wien"
        time = "25:00"
        formats = ["docx"]
        [log]
        level = "loud"
        [[root]]
        path = "/a"
        settle_seconds = -1
        [[root]]
        population = "cats"
        """,
    )
    faults = faults_of(file)
    for key in (
        "stor: there is no such key",
        "store.uri: there is no such key",
        "report.zone: not a time zone",
        "report.time:",
        "report.formats.0:",
        "log.level:",
        "root.0.settle_seconds:",
        "root.1.path:",
        "root.1.population:",
    ):
        assert key in faults


def test_a_sites_prevalence_is_a_share_for_each_population(tmp_path: Path) -> None:
    """What is not set is not there; none and all of the films are no shares."""
    settings = load_settings(toml(tmp_path, "[prevalence]\nadults = 0.05\nunknown = 0.1\n"))
    assert settings.prevalence.site == {Population.ADULTS: 0.05, None: 0.1}
    assert Settings().prevalence.site == {}
    faults = faults_of(toml(tmp_path, "[prevalence]\nadults = 0\nchildren = 1\nunknown = nan\ninfants = 0.1\n"))
    for key in ("adults", "children", "unknown"):
        assert f"prevalence.{key}: Input should be" in faults
    assert "prevalence.infants: there is no such key" in faults


def test_the_environment_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Key by key: what it does not name stays as the file says."""
    file = toml(tmp_path, '[store]\nurl = "file.db"\n[report]\nzone = "Europe/Vienna"\nsite = "North"\n')
    monkeypatch.setenv("CXR_TRIAGE_STORE__URL", "environment.db")
    monkeypatch.setenv("CXR_TRIAGE_REPORT__SITE", "South")
    monkeypatch.setenv("CXR_TRIAGE_ROOT", '[{"path": "/srv/a", "population": "adults"}]')
    settings = load_settings(file)
    assert (settings.store.url, settings.report.zone, settings.report.site) == (
        "environment.db",
        "Europe/Vienna",
        "South",
    )
    assert settings.root[0].population is Population.ADULTS


def test_errors_of_the_environment_are_named_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A misspelt section, which would do nothing, and a misspelt key, together with those of the file."""
    monkeypatch.setenv("CXR_TRIAGE_STOR__URL", "x")
    monkeypatch.setenv("CXR_TRIAGE_STORE__URI", "x")
    faults = faults_of(toml(tmp_path, '[log]\nlevel = "loud"\n'))
    for key in ("CXR_TRIAGE_STOR__URL: there is no such key", "store.uri: there is no such key", "log.level:"):
        assert key in faults


def test_a_broken_value_in_the_environment_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is said, not passed over, and without a traceback."""
    monkeypatch.setenv("CXR_TRIAGE_ROOT", "not json")
    assert "root" in faults_of(None).lower()


def test_variables_that_are_no_settings_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The name of the file itself, for one."""
    monkeypatch.setenv("CXR_TRIAGE_CONFIG", "/etc/config.toml")
    assert load_settings(None) == Settings()


@pytest.mark.parametrize("content", [b"[store", b"\xff\xfe", b"a = 1\na = 2\n"])
def test_a_file_that_is_no_toml_is_an_error(tmp_path: Path, content: bytes) -> None:
    """One line that names the file."""
    (tmp_path / "config.toml").write_bytes(content)
    with pytest.raises(ConfigurationError, match="cannot read configuration"):
        load_settings(tmp_path / "config.toml")


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    """It does not mean the defaults."""
    with pytest.raises(ConfigurationError, match="No such file"):
        load_settings(tmp_path / "missing.toml")


def test_overlapping_roots_are_refused_wherever_they_are_named(tmp_path: Path) -> None:
    """The same folder twice, one in another, or by a link: each film belongs to one root."""
    (tmp_path / "a" / "sub").mkdir(parents=True)
    (tmp_path / "b").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "a" / "sub")
    a, b = tmp_path / "a", tmp_path / "b"
    assert overlap([a, b, tmp_path / "ab"]) is None
    for other in (a, tmp_path / "a" / "sub", tmp_path / "link", tmp_path / "b" / ".." / "a"):
        assert overlap([b, a, other]) == (a, other)
        with pytest.raises(ConfigurationError, match="overlap"):
            roots_of(Settings(), [a, other])
        file = toml(tmp_path, f'[[root]]\npath = "{a}"\n[[root]]\npath = "{other}"\n')
        assert "overlap" in faults_of(file)


def test_a_path_that_cannot_be_is_an_error_and_no_crash(tmp_path: Path) -> None:
    """A NUL in a path."""
    file = toml(tmp_path, '[[root]]\npath = "/a\\u0000b"\n[[root]]\npath = "/b"\n')
    assert "root" in faults_of(file)


def test_folders_of_the_command_line_take_their_settings_from_the_file() -> None:
    """And what the command line says wins; no folder anywhere is an error."""
    settings = Settings.model_validate(
        {"root": [{"path": "/srv/a", "population": "children", "settle_seconds": 9}, {"path": "/srv/b"}]}
    )
    (root,) = roots_of(settings, [Path("/srv/a")], settle_seconds=1)
    assert (root.population, root.settle_seconds) == (Population.CHILDREN, 1)
    assert [root.population for root in roots_of(settings, [], "adults")] == [Population.ADULTS] * 2
    with pytest.raises(ConfigurationError, match="none is named"):
        roots_of(Settings(), [])


def test_a_study_pattern_is_looked_at_when_it_is_loaded(tmp_path: Path) -> None:
    """With every other error of the configuration."""
    file = tmp_path / "c.toml"
    file.write_text(
        '[store]\nidentifiers = "some"\n[[root]]\npath = "/a"\nstudy_pattern = "(?P<study>(a+)+)"\n'
        '[[root]]\npath = "/b"\nstudy_pattern = "(?P<study>[^_]+)_.*"\n'
    )
    with pytest.raises(ConfigurationError) as error:
        load_settings(file)
    assert "store.identifiers: " in str(error.value)
    assert "root.0.study_pattern: a part that is repeated" in str(error.value)
    assert "root.1" not in str(error.value)
