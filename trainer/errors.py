"""The trainer's own error, with the four fields that every error of the project carries."""

from __future__ import annotations

from models.errors import ModelsError


class TrainerError(ModelsError):
    """Training, export or evaluation could not go on; what was already written stays."""
