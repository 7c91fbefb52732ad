"""The queue and the account as other programs read them."""

from __future__ import annotations

import csv
import io
import json
import os

import pytest
from builders.studies import BUNDLE, NOW, RULES, queue_study, refused_image, waiting_image
from hypothesis import given
from hypothesis import strategies as st

from daemon.triage.document import ROW, account_document, queue_document, queue_rows
from daemon.triage.order import Band, QueueStudy, order
from daemon.triage.studies import gather
from db.records import WaitingImage
from db.states import PENDING, State


def documented(*images: WaitingImage, limit: int | None = None) -> dict[str, object]:
    """The document of these images' studies, through JSON and back."""
    studies = list(order(gather(images, lambda _: RULES)))
    document = queue_document(studies, generated_at=NOW, bundle=BUNDLE, account=account_document({}), limit=limit)
    loaded: dict[str, object] = json.loads(json.dumps(document, allow_nan=False))
    return loaded


def test_a_queue_document_has_the_keys_that_other_programs_rely_on() -> None:
    """The public interface; more may be added, none may go."""
    document = documented(waiting_image(1, logit=2.0), refused_image(2))
    assert document["schema"] == 1
    assert document["generated_at"] == "2026-11-22T06:00:00Z"
    assert document["bundle"] == {"name": "lite0-test", "sha256": BUNDLE.model_sha256}
    assert {"account", "queue", "not_scored"} <= set(document)
    scored, unscored = document["queue"]  # type: ignore[misc]
    relied_on = {"rank", "study", "band", "urgency", "overdue", "probability", "logit", "tier", "arrived_at", "images"}
    assert relied_on <= set(scored)
    assert {"path", "sha256", "state", "probability", "logit"} <= set(scored["images"][0])
    assert (scored["rank"], scored["band"], scored["urgency"], scored["overdue"]) == (1, "first", "routine", False)
    assert (scored["logit"], round(scored["probability"], 4), scored["tier"]) == (2.0, 0.8808, "tagged")
    assert (unscored["band"], unscored["logit"], unscored["probability"]) == ("unscored", None, None)
    [refused] = document["not_scored"]  # type: ignore[misc]
    assert {key: refused[key] for key in ("path", "state", "code", "message")} == {
        "path": "/srv/in/film2.dcm",
        "state": "refused",
        "code": "view",
        "message": "The view is LL.",
    }


def test_a_queue_document_says_by_which_policy_and_at_which_prevalence() -> None:
    """Of each study and each image; of what has no score, neither."""
    document = documented(waiting_image(1, logit=2.0), refused_image(2))
    assert document["site_prevalence"] == {}
    scored, unscored = document["queue"]  # type: ignore[misc]
    for said in (scored, scored["images"][0]):
        assert (said["policy"], said["prevalence"]) == ("banded", 0.2)
    for said in (unscored, unscored["images"][0]):
        assert (said["policy"], said["prevalence"]) == (None, None)


def test_a_refused_image_of_a_scored_study_is_named_among_the_not_scored() -> None:
    """The study has its place by the other image; the refused one is not forgotten."""
    document = documented(waiting_image(1, 1), refused_image(1, 2), waiting_image(2))
    assert [entry["path"] for entry in document["not_scored"]] == ["/srv/in/film2.dcm"]  # type: ignore[attr-defined]
    assert document["waiting"] == 2


def test_a_limit_cuts_the_queue_and_nothing_else() -> None:
    """What has no score is named in full, and the number of waiting studies too."""
    document = documented(*(waiting_image(n) for n in range(5)), refused_image(9), limit=2)
    assert [entry["rank"] for entry in document["queue"]] == [1, 2]  # type: ignore[attr-defined]
    assert document["waiting"] == 6
    assert len(document["not_scored"]) == 1  # type: ignore[arg-type]


def test_before_the_first_score_there_is_no_bundle() -> None:
    """An empty store gives an empty document, not an error."""
    document = queue_document(iter(()), generated_at=NOW, bundle=None, account=account_document({}))
    assert (document["bundle"], document["queue"], document["waiting"]) == (None, [], 0)


def test_bytes_that_are_no_text_survive_json() -> None:
    """A path with a Latin-1 byte comes back as the same bytes."""
    name = os.fsdecode(b"caf\xe9.dcm")
    [entry] = documented(waiting_image(path=name))["queue"]  # type: ignore[misc]
    assert os.fsencode(entry["images"][0]["path"]) == b"/srv/in/caf\xe9.dcm"


@given(st.dictionaries(st.sampled_from(State), st.integers(0, 10**6)))
def test_the_account_is_the_sum_of_its_parts(counts: dict[State, int]) -> None:
    """seen = scored + refused + failed + duplicate + superseded + vanished + pending."""
    account = account_document(counts)
    parts = ("scored", "refused", "failed", "duplicate", "superseded", "vanished", "pending")
    assert set(account) == {"seen", "balanced", *parts}
    assert account["seen"] == sum(account[part] for part in parts) == sum(counts.values())
    assert account["pending"] == sum(counts.get(state, 0) for state in PENDING)
    assert account["balanced"] is True


def test_the_account_does_not_balance_when_the_history_knows_more() -> None:
    """An arrival that was deleted behind the service's back is missed."""
    account = account_document({State.SCORED: 6, State.READY: 1}, seen=8)
    assert (account["seen"], account["pending"], account["balanced"]) == (8, 1, False)


def rows_of(*studies: QueueStudy) -> list[dict[str, str]]:
    """The rows of a document of these studies."""
    return list(queue_rows(queue_document(studies, generated_at=NOW, bundle=None, account={})))


def test_rows_are_text_that_any_terminal_and_spreadsheet_takes() -> None:
    """Surrogates are spelled out, nothing is a formula, nothing is missing."""
    [image] = queue_study().images
    hostile = queue_study(accession="=1+1")
    [row] = rows_of(hostile)
    assert tuple(row) == ROW
    assert row["accession"] == "'=1+1"
    row["path"].encode("utf-8")
    assert (row["rank"], row["overdue"], row["probability"], row["images"]) == ("1", "false", "0.5", "1")
    [row] = rows_of(queue_study(2, Band.UNSCORED))
    assert (row["probability"], row["logit"], row["state"], row["code"]) == ("", "", "refused", "view")
    assert image.path == "/srv/in/film1.dcm"


@pytest.mark.parametrize(
    ("accession", "shown"),
    [("-5", "-5"), ("-5+2", "'-5+2"), ("@x", "'@x"), ("+4", "'+4"), ("A-1", "A-1"), ("\tx", "'\tx")],
)
def test_a_text_that_would_be_a_formula_gets_an_apostrophe(accession: str, shown: str) -> None:
    """A negative number stays one."""
    assert rows_of(queue_study(accession=accession))[0]["accession"] == shown


@given(st.text(max_size=30), st.binary(max_size=20))
def test_rows_survive_a_csv_writer(accession: str, name: bytes) -> None:
    """Whatever the file says, a reader gets one row of as many cells, in UTF-8."""
    image = waiting_image(accession=accession or None, path=os.fsdecode(name.replace(b"/", b"")) or "x")
    [study] = gather([image], lambda _: RULES)
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, ROW)
    writer.writerows(rows_of(study))
    text.getvalue().encode("utf-8")
    [cells] = csv.reader(io.StringIO(text.getvalue(), newline=""))
    assert len(cells) == len(ROW)
