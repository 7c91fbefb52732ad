"""A survey as plain data, as a table and as rows of a CSV; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from daemon.explain.tally import By, Kind, Tally, counts_of
from daemon.triage.cells import cell
from daemon.triage.document import NOT_ACCEPTED

if TYPE_CHECKING:
    from daemon.explain.survey import Folder
    from daemon.triage.gate_policy import GatePolicy
    from models.bundle import Bundle

SCHEMA: Final = 1
BANDS: Final = ("first", "next", "in_turn")
ROW: Final = ("what", "value", "files", *map(str, Kind))
_HEADS: Final = {
    By.GROUP: "who is on it",
    By.TIER: "tier",
    By.MODALITY: "modality",
    By.VIEW: "view",
    By.SYNTAX: "transfer syntax",
}
_CODES: Final = {Kind.REFUSED: "refused by", Kind.FAILED: "failed by", Kind.MARKED: "marked with"}


def survey_document(
    tally: Tally, folders: Sequence[Folder], bundle: Bundle, policy: GatePolicy, *, listed: int, complete: bool
) -> dict[str, Any]:
    """The document.

    Args:
        tally: what was counted.
        folders: that were surveyed.
        bundle, policy: by which films were judged.
        listed: how many files there are.
        complete: whether all of them were seen through; else the rest is counted as `left`.
    """
    counted = sum(tally.kinds.values())
    return {
        "schema": SCHEMA,
        "folders": [str(folder.path) for folder in folders],
        "complete": complete,
        "files": counted,
        **counts_of(tally.kinds),
        "left": listed - counted - tally.vanished,
        "vanished": tally.vanished,
        "balanced": tally.balanced if complete else None,
        "folders_not_listed": sum(len(folder.listing.unseen) for folder in folders),
        "folders_too_deep": sum(folder.listing.too_deep for folder in folders),
        "bands": {band: tally.bands.get(band, 0) for band in BANDS},
        "blind": tally.blind,
        "codes": {str(kind): dict(_most_first(tally.codes.get(kind, Counter()))) for kind in _CODES},
        "by": {
            str(by): {
                value: {"files": sum(kinds.values()), **counts_of(kinds)} for value, kinds in _largest_first(values)
            }
            for by, values in tally.by.items()
        },
        "examples": tally.paths if tally.examples else {},
        "rules": list(policy.sentences()),
        "bundle": {"name": bundle.name, "model_sha256": bundle.model_sha256},
    }


def survey_lines(document: Mapping[str, Any]) -> Iterator[str]:
    """The document for a person."""
    files = document["files"]
    yield f"{', '.join(document['folders'])}: {files:,} files"
    if not document["complete"]:
        yield f"interrupted: {document['left']:,} more were not seen through; what follows is of the others"
    for kind in Kind:
        count = document[kind]
        yield f"  {kind:<10}{count:>9,}{_share(count, files)}{_bands(document) if kind is Kind.SCORED else ''}"
    for name, words in (
        ("vanished", "were gone before they were read"),
        ("folders_not_listed", "folders could not be listed; nothing below them is counted"),
        ("folders_too_deep", "folders lie too deep to be looked into"),
    ):
        if document[name]:
            yield f"  {document[name]:,} {words}"
    for kind, words in _CODES.items():
        if codes := document["codes"][kind]:
            yield words
            for code, count in codes.items():
                yield f"  {code:<24}{count:>9,}{_share(count, files)}"
                yield from (f"    {path}" for path in document["examples"].get(code, ()))
    for by, head in _HEADS.items():
        if document["by"][by]:
            yield from _told_apart(head, document["by"][by])
    yield f"rules of this site: {' '.join(document['rules'])}"
    stands = document.get("acceptance", NOT_ACCEPTED)["sentence"]
    yield f"model: {document['bundle']['name']} ({document['bundle']['model_sha256'][:12]}), {stands}"


def survey_rows(document: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """The counts of the document under the names of `ROW`, safe to open in a spreadsheet; no path is among them."""
    totals = {"files": document["files"], **{kind: document[kind] for kind in map(str, Kind)}}
    yield _row("all", "", totals)
    yield _row("acceptance", document.get("acceptance", NOT_ACCEPTED)["sentence"], {})
    for band, count in document["bands"].items():
        yield _row("band", band, {"files": count, "scored": count})
    for kind in _CODES:
        for code, count in document["codes"][kind].items():
            yield _row("code", code, {"files": count, str(kind): count})
    for by, values in document["by"].items():
        for value, counts in values.items():
            yield _row(by, value, counts)


def _row(what: str, value: str, counts: Mapping[str, int]) -> dict[str, str]:
    return {name: cell({"what": what, "value": value, **counts}.get(name)) for name in ROW}


def _told_apart(head: str, values: Mapping[str, Mapping[str, int]]) -> Iterator[str]:
    shown = [kind for kind in Kind if kind is not Kind.DUPLICATE]
    width = max(24, *(len(value) + 2 for value in values))
    yield f"{head:<{width + 2}}{'files':>9}" + "".join(f"{kind:>9}" for kind in shown)
    for value, counts in values.items():
        yield f"  {value:<{width}}{counts['files']:>9,}" + "".join(f"{counts[kind]:>9,}" for kind in shown)


def _share(count: int, files: int) -> str:
    return f"  {100 * count / files:5.1f} %" if files else ""


def _bands(document: Mapping[str, Any]) -> str:
    words = [f"{band.replace('_', ' ')} {count:,}" for band, count in document["bands"].items()]
    words += [f"blind {document['blind']:,}"] if document["blind"] else []
    return f"  ({', '.join(words)})" if document["scored"] else ""


def _most_first(counts: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def _largest_first(values: Mapping[str, Counter[Kind]]) -> list[tuple[str, Counter[Kind]]]:
    return sorted(values.items(), key=lambda item: (-sum(item[1].values()), item[0]))
