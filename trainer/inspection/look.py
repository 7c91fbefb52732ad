"""Opens films and measures them, some at once; it judges nothing."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from PIL import Image

from models.radiograph import FilmFormat, UnreadableFilm, read_radiograph
from trainer.data.films import CLASSES, Film, Source
from trainer.data.sources import check_names, class_folders, find_classes, manifest_of
from trainer.errors import TrainerError
from trainer.inspection.measures import Measures, jpeg_quality, measure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

OTHER: Final = -1  # the label of a film in a class folder that is neither of the two
WORKERS: Final = 2  # Pillow and numpy release the GIL for most of the time
_DEEP: Final = {"1": 1, "I;16": 16, "I;16B": 16, "I;16L": 16, "I": 16, "F": 32}


@dataclass(frozen=True, slots=True)
class Look:
    """One film as it was seen.

    Attributes:
        film: its label is `OTHER` in a folder of another class.
        given: the name of the `--data` it came with; in a manifest its own source may be another.
        class_name: of the film's class, or of its folder.
        width, height: pixels, of the stored picture.
        mode: `L`, `RGB` and so on, or DICOM's photometric interpretation.
        bits: stored bits of a channel, or None where the header does not say.
        quality: of a JPEG, 1 to 100, estimated from its tables.
    """

    film: Film
    given: str
    class_name: str
    width: int
    height: int
    format: str
    mode: str
    bits: int | None
    quality: int | None
    measures: Measures


@dataclass(frozen=True, slots=True)
class Unread:
    """One file that is no readable film."""

    path: Path
    source: str
    cause: str


@dataclass(frozen=True, slots=True)
class Inspected:
    """Everything that was seen; `folders` holds the names of all class folders of each source."""

    sources: tuple[Source, ...]
    looks: tuple[Look, ...]
    unread: tuple[Unread, ...]
    folders: dict[str, list[str]]


def inspect_sources(sources: Sequence[Source], report: Callable[[int, int, str], None]) -> Inspected:
    """Look at every film of some sources, class folders of other names included.

    Args:
        sources: folders or manifests; one without any film is no error as long as another has some.
        report: told of (films done, films, note).

    Raises:
        TrainerError: a folder is missing, two have one name, tables are wrong, or there is no film at all.
    """
    check_names(sources)
    unread: list[Unread] = []
    folders: dict[str, list[str]] = {}
    listed: list[tuple[Film, str, str]] = []
    names = {label: name for name, label in CLASSES.items()}
    for source in sources:
        folders[source.name] = class_folders(source) if source.base.is_dir() else []
        others = [name for name in folders[source.name] if name not in CLASSES]

        def refused(path: Path, error: OSError, name: str = source.name) -> None:
            unread.append(Unread(path, name, error.strerror or str(error)))

        films, _ = find_classes(source, {**CLASSES, **dict.fromkeys(others, OTHER)}, refused)
        by_folder = manifest_of(source) is None
        listed += [(film, source.name, film.path.parent.name if by_folder else names[film.label]) for film in films]
    if not listed and not unread:
        cause = "there is no film in " + ", ".join(str(source.folder) for source in sources)
        raise TrainerError("inspect", None, cause, "give a folder with NORMAL/ and PNEUMONIA/, or a manifest.csv")
    looks, failed = _look_at(listed, report)
    return Inspected(tuple(sources), tuple(looks), (*unread, *failed), folders)


def _look_at(
    listed: Sequence[tuple[Film, str, str]], report: Callable[[int, int, str], None]
) -> tuple[list[Look], list[Unread]]:
    """Look at films in their order; after Ctrl-C no further one is opened."""
    looks: list[Look] = []
    failed: list[Unread] = []
    pool = ThreadPoolExecutor(WORKERS)
    try:
        for done, found in enumerate(pool.map(lambda each: _try(*each), listed), 1):
            if isinstance(found, Look):
                looks.append(found)
            else:
                failed.append(found)
            report(done, len(listed), "")
    finally:
        pool.shutdown(cancel_futures=True)
    return looks, failed


def _try(film: Film, given: str, class_name: str) -> Look | Unread:
    try:
        return look_at(film, given, class_name)
    except UnreadableFilm as error:
        return Unread(film.path, given, error.cause)
    except OSError as error:
        return Unread(film.path, given, error.strerror or str(error))


def look_at(film: Film, given: str, class_name: str) -> Look:
    """Open one film and measure it.

    Raises:
        UnreadableFilm: it is no film.
        OSError: the file cannot be opened.
    """
    data = film.path.read_bytes()
    radiograph = read_radiograph(data)
    mode, bits, quality = _header(data, radiograph.format)
    return Look(
        film=film,
        given=given,
        class_name=class_name,
        width=radiograph.width,
        height=radiograph.height,
        format=radiograph.format.value,
        mode=mode,
        bits=bits,
        quality=quality,
        measures=measure(radiograph.pixels),
    )


def _header(data: bytes, kind: FilmFormat) -> tuple[str, int | None, int | None]:
    """Mode, bits and JPEG quality; the picture was decoded before, so that the header is known to be sound."""
    if kind is FilmFormat.DICOM:
        from models.dicom import read_texts

        texts = read_texts(data, ("PhotometricInterpretation", "BitsStored"))
        bits = texts["BitsStored"]
        return texts["PhotometricInterpretation"], int(bits) if bits.isdigit() else None, None
    with Image.open(io.BytesIO(data), formats=(kind.name,)) as image:
        tables = getattr(image, "quantization", None)
        quality = jpeg_quality(tables[min(tables)]) if tables else None
        return image.mode, _DEEP.get(image.mode, 8), quality


def classes_of(looks: Iterable[Look]) -> list[str]:
    """The class names, the two that are trained on first."""
    found = dict.fromkeys(look.class_name for look in looks)
    return [name for name in CLASSES if name in found] + sorted(name for name in found if name not in CLASSES)
