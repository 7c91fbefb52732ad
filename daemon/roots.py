"""Which folders a command works on: those named on the command line, else those of the configuration."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from daemon.errors import ConfigurationError
from daemon.settings import RootSettings, Settings, overlap
from models.population import Population


def roots_of(
    settings: Settings, folders: Sequence[Path], population: str | None = None, settle_seconds: float | None = None
) -> list[RootSettings]:
    """Roots with their settings; what the command line says wins.

    Raises:
        ConfigurationError: no folder is named anywhere, or two overlap.
    """
    changes: dict[str, Any] = {}
    if population is not None:
        changes["population"] = Population(population)
    if settle_seconds is not None:
        changes["settle_seconds"] = settle_seconds
    configured = {root.path.absolute(): root for root in settings.root}
    chosen = [configured.get(f.absolute(), RootSettings(path=f)) for f in folders] if folders else list(settings.root)
    if not chosen:
        raise ConfigurationError(
            "choose folders", None, "none is named", "name one on the command line, or [[root]] in the configuration"
        )
    try:
        found = overlap([root.path for root in chosen])
    except ValueError as error:
        raise ConfigurationError("choose folders", None, str(error), "name folders that can exist") from error
    if found:
        cause = f"it overlaps with {found[1]}; each film must belong to one root"
        raise ConfigurationError("choose folders", found[0], cause, "name each folder once, and none inside another")
    return [root.model_copy(update=changes) for root in chosen]
