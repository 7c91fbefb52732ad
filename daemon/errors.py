"""The daemon's own errors, with the four fields that every error of the project carries."""

from __future__ import annotations

from models.errors import ModelsError


class DaemonError(ModelsError):
    """A command could not do its work; exit code 1."""


class ConfigurationError(ModelsError):
    """The configuration is not usable; exit code 2."""
