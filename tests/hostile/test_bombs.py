"""Every named hostile file through the real program, side by side with sound films."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
from builders import hostile
from builders.dicom import dicom
from builders.films import grey_film, jpeg, png
from builders.parts import need_program
from builders.peaks import Peaks
from builders.program import Done, Program

from db import arrivals, roots
from db.records import Arrival
from db.states import State
from db.store import open_store

INNOCENTS: Final = 24
MAIN_LIMIT: Final = 400 * 2**20  # bytes of memory that the main process may ever have

# What a name's beginning says of its end; the longest that fits counts. Whatever is SCORED holds a sound picture.
EXPECTED: Final[Mapping[str, str]] = {
    "empty": "empty",
    "one-byte": "unknown-format",
    "zeros": "truncated",
    "cut-": "truncated",
    "zeroed-": "truncated",
    # JPEG
    "jpeg-": "corrupt",
    "jpeg-65500-square": "too-many-pixels",
    "jpeg-exif-bomb": "scored",  # nobody asks for its EXIF
    "jpeg-icc-bomb": "scored",  # nor for its colours
    "jpeg-cmyk": "scored",
    "jpeg-adobe-nonsense": "scored",
    "jpeg-mpo": "scored",  # the first of its pictures
    "jpeg-header-only": "truncated",
    "jpeg-no-end": "truncated",
    "jpeg-thumbnail-only": "truncated",  # the end of its thumbnail is not its own
    # PNG
    "png-": "corrupt",
    "png-60000-square": "too-many-pixels",
    "png-2g-wide": "too-many-pixels",
    "png-one-grey-49mp": "blank",
    "png-more-than-it-needs": "blank",  # what it does not need is not unpacked
    "png-16-bit": "blank",
    "png-palette-empty": "blank",
    "apng-": "scored",  # its first picture is a film
    # compressed DICOM
    "j2k-": "corrupt",
    "j2k-raw": "unknown-format",
    "j2k-17-gib-agreed": "too-many-pixels",
    "j2k-49mp-of-nothing": "corrupt",
    "dicom-jpeg-rubbish": "truncated",
    "dicom-jpeg-lossless-rubbish": "truncated",
    "dicom-deflated-1-gib": "too-large",
    "rle-": "corrupt",
    "rle-expands": "blank",
    # DICOM headers
    "dicom-": "corrupt",
    "dicom-nested-5000-measured": "no-pixels",  # it is skipped by its length, and nothing of a film follows
    "dicom-value-of-4-gib": "truncated",
    "dicom-65535-square": "too-many-pixels",
    "dicom-no-rows": "no-pixels",
    "dicom-million-frames": "multi-frame",
    "dicom-too-few-pixels": "truncated",
    "dicom-255-samples": "contradictory",  # MONOCHROME2 has one
    "dicom-too-many-pixels": "scored",  # the first rows of a film: what follows the picture is not part of it
    "dicom-high-bit": "scored",  # the bits that are stored are sound
    "dicom-no-syntax": "unsupported-transfer-syntax",
    "dicom-16-bit": "blank",
    "dicom-16-bit-extremes": "scored",  # absurd, and not our business to know
    "dicom-slope": "scored",  # a slope that is no number is not said
    "dicom-slope-1e-40": "blank",
    "dicom-window": "scored",  # a window that shows nothing is left out
    # polyglots, and what is no film
    "jpeg-and-zip": "scored",
    "jpeg-with-a-jpeg-behind": "scored",
    "png-with-appended-data": "scored",
    "dicom-behind": "scored",  # the preamble is anybody's
    "gif.jpg": "unknown-format",
    "tiff.jpg": "unknown-format",
    "bmp.jpg": "unknown-format",
    "pdf.jpg": "unknown-format",
    "html.jpg": "unknown-format",
    "exe.jpg": "unknown-format",
    "zip.jpg": "unknown-format",
    "text.dcm": "unknown-format",
    # on the disk
    "sparse.jpg": "too-large",
    "large-": "scored",
    "forbidden.jpg": "unreadable",
    **dict.fromkeys(
        ("fifo", "socket", "device", "link-out", "link-to-folder", "link-loop", "link-up", "dangling"),
        "not-a-regular-file",
    ),
}


def expected_of(name: str) -> str:
    """By the longest beginning of its name."""
    return EXPECTED[max((start for start in EXPECTED if name.startswith(start)), key=len)]


@dataclass(frozen=True, slots=True)
class Scanned:
    """A scan that is over."""

    program: Program
    done: Done
    peaks: Peaks
    arrivals: Mapping[str, Arrival]
    with_device: bool


def put_films(folder: Path) -> list[str]:
    """Sound films of all three formats, each another."""
    names = []
    for number in range(INNOCENTS):
        film = grey_film(400, 300, seed=5000 + number)
        data = (jpeg, png, dicom)[number % 3](film)
        names.append(f"innocent-{number:02}")
        (folder / names[-1]).write_bytes(data)
    return names


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory, bundle: Path) -> Scanned:
    """One scan over all of them, watched while it runs."""
    folder = tmp_path_factory.mktemp("hostile")
    incoming = folder / "incoming"
    incoming.mkdir()
    for number, (name, make) in enumerate(hostile.FILES.items()):
        (incoming / name).write_bytes(hostile.apart(make(), number))
    for name, place in hostile.ON_DISK.items():
        place(incoming / name)
    hostile.forbidden(incoming / "forbidden.jpg")
    with_device = True
    try:
        hostile.device(incoming / "device.jpg")
    except PermissionError:
        with_device = False
    put_films(incoming)
    # Root may read everything; without this capability it is like everybody else.
    limits = ["--bounding-set", "-dac_override,-dac_read_search"]
    prefix = [need_program("setpriv"), *limits] if os.geteuid() == 0 else []
    program = Program(folder, bundle, prefix=prefix)
    with program.started("scan", "incoming", "--db", "t.db", "--settle-seconds", "0.1") as running:
        with Peaks(running.process.pid) as peaks:
            code = running.process.wait(500)
        done = Done(code, "", running.said())
    store = open_store(str(folder / "t.db"), create=False)
    with store.read() as tx:
        (root,) = roots.roots(tx)
        found = {each.path: each for each in arrivals.in_states(tx, list(State)) if each.root_id == root.id}
    store.close()
    return Scanned(program, done, peaks, found, with_device)


def test_the_program_ends_as_if_nothing_was_wrong(scanned: Scanned) -> None:
    """Exit code 0, no traceback, and one line for each film without a score."""
    assert scanned.done.code == 0, scanned.done.err
    assert "Traceback" not in scanned.done.err
    lines = [line for line in scanned.done.err.splitlines() if line.startswith("cxr-triage: ")]
    tried = [each for each in scanned.arrivals.values() if each.state in (State.FAILED, State.REFUSED)]
    assert len(lines) == len(tried)


@pytest.mark.parametrize("name", [*hostile.FILES, *hostile.ON_DISK, "forbidden.jpg"])
def test_every_hostile_file_ends_with_its_code(scanned: Scanned, name: str) -> None:
    """FAILED or REFUSED with a code and a sentence, or SCORED where there is a sound picture."""
    found = scanned.arrivals[name]
    code = found.state.value if found.state is State.SCORED else found.code
    assert (code, found.state) == (expected_of(name), found.state)
    if found.state is not State.SCORED:
        assert found.state in (State.FAILED, State.REFUSED)
        assert found.message
        assert re.fullmatch(r"[^\n;]+; [^\n]+", found.message)


def test_a_device_is_not_opened(scanned: Scanned) -> None:
    """Opening some does something, and /dev/zero never ends."""
    if not scanned.with_device:
        pytest.skip("only root can make a device node")
    assert scanned.arrivals["device.jpg"].code == "not-a-regular-file"


def test_no_neighbour_is_harmed(scanned: Scanned) -> None:
    """Every sound film has its score."""
    states = {name: each.state for name, each in scanned.arrivals.items() if name.startswith("innocent")}
    assert len(states) == INNOCENTS
    assert set(states.values()) == {State.SCORED}


def test_nothing_outside_the_folder_is_seen(scanned: Scanned) -> None:
    """Links are not followed, neither to a film nor to a folder."""
    names = {*hostile.FILES, *hostile.ON_DISK, "forbidden.jpg", "device.jpg"}
    assert {name for name in scanned.arrivals if not name.startswith("innocent")} - names == set()


def test_memory_stays_within_its_limits(scanned: Scanned) -> None:
    """400 MiB for the main process; for each worker, what it allowed itself."""
    assert 0 < scanned.peaks.main.resident < MAIN_LIMIT
    assert scanned.peaks.workers
    assert scanned.peaks.over_limit == []


def test_the_account_holds(scanned: Scanned) -> None:
    """Balanced, and verified against disk and history."""
    document = scanned.program.good("account", "--verify", "--db", "t.db", "--format", "json").document
    assert (document["balanced"], document["verified"], document["discrepancies"]) == (True, True, [])
    assert document["pending"] == 0
