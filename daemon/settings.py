"""The settings: TOML, then CXR_TRIAGE_* from the environment; every error at once, by key."""

from __future__ import annotations

import datetime as dt
import os
import tomllib
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, SettingsError

from daemon.acceptance_settings import AcceptanceSettings
from daemon.deliver.settings import DeliverSettings
from daemon.dicom.settings import ReceiverSettings
from daemon.errors import ConfigurationError
from daemon.queue_settings import QueueSettings, RisSettings
from daemon.review_settings import ReviewSettings
from daemon.root_settings import RootSettings as RootSettings
from daemon.root_settings import Section
from daemon.triage.gate_policy import GatePolicy
from daemon.triage.site import Department
from daemon.triage.waits import LIMITS, Waits
from db.identity import Identifiers
from models.findings import FindingCode
from models.population import Population

ENVIRONMENT_PREFIX: Final = "CXR_TRIAGE_"


class StoreSettings(Section):
    """`[store]`: where the database is, and what it keeps in clear."""

    url: str = "cxr-triage.db"
    identifiers: Identifiers = Identifiers.ACCESSION


class BundleSettings(Section):
    """`[bundle]`: which model scores; empty means the one that ships."""

    folder: Path | None = None


class PrevalenceSettings(Section):
    """`[prevalence]`: the share of pneumonia among the site's own films; changes what is shown as a probability."""

    children: float | None = Field(default=None, gt=0, lt=1)
    adults: float | None = Field(default=None, gt=0, lt=1)
    unknown: float | None = Field(default=None, gt=0, lt=1)  # of films of which nobody knows whose they are

    @property
    def site(self) -> Mapping[Population | None, float]:
        """Those that are set, by population."""
        stated = {Population.CHILDREN: self.children, Population.ADULTS: self.adults, None: self.unknown}
        return {who: share for who, share in stated.items() if share is not None}


class GateSettings(Section):
    """`[gate]`: which films are taken, and which findings only mark a film instead of refusing it."""

    modalities: tuple[Literal["CR", "DX", "RG", "RF", "SC", "OT"], ...] = Field(default=("CR", "DX"), min_length=1)
    mark: tuple[FindingCode, ...] = ()

    @property
    def policy(self) -> GatePolicy:
        """As the intake takes it."""
        return GatePolicy(frozenset(self.modalities), frozenset(self.mark))


class ReportFormat(StrEnum):
    """What a report can be written as."""

    HTML = "html"
    CSV = "csv"
    JSON = "json"
    PDF = "pdf"


class ReportSettings(Section):
    """`[report]`: the nightly report."""

    folder: Path = Path("reports")
    time: dt.time = dt.time(6, 0)
    zone: str = "UTC"
    site: str = ""
    formats: tuple[ReportFormat, ...] = (ReportFormat.HTML, ReportFormat.CSV, ReportFormat.JSON)
    keep_days: Annotated[int, Field(ge=1)] = 400
    downtime_minutes: Annotated[int, Field(ge=1, le=1440)] = 60
    contact: Annotated[str, Field(max_length=160)] = ""  # stands on the downtime sheet

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError("not a time zone; write one such as Europe/Vienna") from error
        return value


class MetricsSettings(Section):
    """`[metrics]`: a file for Prometheus' node_exporter; no network is used."""

    file: str = ""  # empty: none


class LogSettings(Section):
    """`[log]`: what the service writes to standard error; arrival ids, never file names."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["logfmt", "json"] = "logfmt"


class Settings(BaseSettings):
    """All sections. The environment wins over the file: ``CXR_TRIAGE_STORE__URL``, ``CXR_TRIAGE_REPORT__ZONE``."""

    model_config = SettingsConfigDict(
        extra="forbid", frozen=True, env_prefix=ENVIRONMENT_PREFIX, env_nested_delimiter="__"
    )

    store: StoreSettings = StoreSettings()
    bundle: BundleSettings = BundleSettings()
    prevalence: PrevalenceSettings = PrevalenceSettings()
    gate: GateSettings = GateSettings()
    queue: QueueSettings = QueueSettings()
    ris: RisSettings = RisSettings()
    review: ReviewSettings = ReviewSettings()
    acceptance: AcceptanceSettings = AcceptanceSettings()
    root: tuple[RootSettings, ...] = ()
    receiver: ReceiverSettings = ReceiverSettings()
    report: ReportSettings = ReportSettings()
    deliver: DeliverSettings = DeliverSettings()
    log: LogSettings = LogSettings()
    metrics: MetricsSettings = MetricsSettings()

    @property
    def department(self) -> Department:
        """The site's rules of order; folders by the real paths that the store knows them by."""
        paths = {os.path.realpath(root.path): root for root in self.root}
        limits = {path: root.longest_wait_minutes.limits for path, root in paths.items() if root.longest_wait_minutes}
        waits = Waits(
            ZoneInfo(self.report.zone), self.queue.shifts, {**LIMITS, **self.queue.longest_wait_minutes.limits}, limits
        )
        urgencies = {path: root.urgency for path, root in paths.items()}
        observed = frozenset(path for path, root in paths.items() if root.observe)
        return Department(self.prevalence.site, waits, urgencies, observed)

    @property
    def emptied(self) -> frozenset[str]:
        """The folders (real paths) from which a file is taken away when its film was read."""
        return frozenset(os.path.realpath(root.path) for root in self.root if root.read_when_removed)

    @field_validator("root")
    @classmethod
    def _separate(cls, roots: tuple[RootSettings, ...]) -> tuple[RootSettings, ...]:
        if found := overlap([root.path for root in roots]):
            raise ValueError(f"{found[0]} and {found[1]} overlap; each film must belong to one root")
        return roots

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment win over the file's values, which come in as arguments."""
        del settings_cls, dotenv_settings, file_secret_settings
        return env_settings, init_settings


def overlap(paths: Sequence[Path]) -> tuple[Path, Path] | None:
    """The first two folders that are the same, or of which one lies in the other, links followed.

    Raises:
        ValueError: a path that no file system can have.
    """
    real = [Path(os.path.realpath(path)) for path in paths]
    for index, path in enumerate(real):
        for other in range(index):
            if path.is_relative_to(real[other]) or real[other].is_relative_to(path):
                return paths[other], paths[index]
    return None


def _document(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(
            "read configuration", path, error.strerror or str(error), "give an existing file with --config"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError("read configuration", path, str(error), "mend the file; it is TOML") from error


def load_settings(path: Path | None) -> Settings:
    """Read the file, if any, and the environment.

    Raises:
        ConfigurationError: the file cannot be read, or a key or value is wrong; all of them are named.
    """
    document = _document(path) if path else {}
    source = path or f"{ENVIRONMENT_PREFIX}* in the environment"
    faults = [f"{name}: there is no such key" for name in _unknown(os.environ)]
    try:
        settings = Settings(**document)
    except ValidationError as error:
        faults += [
            f"{'.'.join(str(part) for part in fault['loc'])}: {_sentence(fault['type'], fault['msg'])}"
            for fault in error.errors(include_url=False, include_input=False)
        ]
        raise _unusable(source, faults) from error
    except SettingsError as error:
        raise _unusable(source, [*faults, str(error)]) from error
    if faults:
        raise _unusable(source, faults)
    return settings


def _unusable(source: Path | str, faults: Sequence[str]) -> ConfigurationError:
    return ConfigurationError(
        "use configuration", source, "; ".join(faults), "see `cxr-triage config example` for every key"
    )


def _unknown(environment: Mapping[str, str]) -> list[str]:
    """Variables that were meant for a section that is not there; pydantic-settings passes them over."""
    sections = {name.upper() for name in Settings.model_fields}
    ours = sorted(name for name in environment if name.startswith(ENVIRONMENT_PREFIX) and "__" in name)
    return [name for name in ours if name.removeprefix(ENVIRONMENT_PREFIX).split("__")[0] not in sections]


def _sentence(kind: str, message: str) -> str:
    return "there is no such key" if kind == "extra_forbidden" else message.removeprefix("Value error, ")
