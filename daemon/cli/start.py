"""Where the program starts: sees that the import names are its own before anything is imported by them.

`daemon`, `db` and `models` are plain names. Another distribution in the same environment, or a folder on the path, can
have one too, and what is imported then is decided by chance.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path
from typing import Final

NAMES: Final = ("daemon", "db", "models")
HOME: Final = Path(__file__).resolve().parents[2]  # the folder that the packages lie in, side by side
Find = Callable[[str], ModuleSpec | None]


def stranger(home: Path = HOME, find: Find = find_spec) -> str | None:
    """Which import name is not this program's, in words; None if all lie side by side.

    Args:
        home: the folder that holds the packages.
        find: where an import of a name would look; nothing is imported.
    """
    for name in NAMES:
        spec = find(name)
        if spec is None:
            return f"the package {name} is missing"
        if spec.origin is None or Path(spec.origin).resolve().parent != home / name:
            where = spec.origin or ", ".join(spec.submodule_search_locations or ())
            return f"the package {name} is another program's ({where})"
    return None


def main() -> None:
    """Run the command line."""
    if (fault := stranger()) is not None:
        shown = fault.encode("ascii", "backslashreplace").decode("ascii")
        remedy = "install cxr-triage into a virtual environment of its own, and start it by its console script"
        sys.stderr.write(f"cxr-triage: cannot start: {shown}; {remedy}\n")
        sys.exit(1)
    from daemon.cli.main import main as run

    run()
