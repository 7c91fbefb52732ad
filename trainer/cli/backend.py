"""Chooses and quietens the Keras backend before anything imports it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click


def prepare_keras() -> None:
    """Choose the backend and quieten it, and import Keras.

    Raises:
        click.ClickException: the trainer's extra, or the backend, is not installed.
    """
    from importlib import import_module
    from importlib.util import find_spec

    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if find_spec("keras") is None:
        raise click.ClickException("cannot import keras: it is not installed; pip install 'cxr-triage[trainer]'")
    try:
        with _silence():
            import_module("keras")
    except ImportError as error:
        backend = os.environ["KERAS_BACKEND"]
        raise click.ClickException(
            f"cannot import keras on {backend}: {error}; install it, or set KERAS_BACKEND"
        ) from error


@contextmanager
def _silence() -> Iterator[None]:
    """Nothing on standard error: TensorFlow's libraries speak of drivers there before their log level is read."""
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
