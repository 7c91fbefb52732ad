"""A site's rules through the real program: what it marks is scored, shown apart, and ranked by arrival alone."""

from __future__ import annotations

import json
from pathlib import Path

from builders.dicom import dicom
from builders.films import grey_film
from builders.program import Program

RULES = '[gate]\nmodalities = ["CR", "DX", "RG"]\nmark = ["view"]\n'


def test_a_marked_film_is_in_every_list_and_ranked_nowhere(tmp_path: Path, bundle: Path) -> None:
    """Under the rules of before it was refused: `retry` takes it up again, and the report says which rules hold."""
    program = Program(tmp_path, bundle, settings={"CXR_TRIAGE_STORE__URL": "t.db"})
    films = tmp_path / "films"
    films.mkdir()
    (films / "lateral.dcm").write_bytes(dicom(grey_film(seed=1), view="LL", study_uid="1.2.1"))
    (films / "digitised.dcm").write_bytes(dicom(grey_film(seed=2), modality="RG", study_uid="1.2.2"))
    (films / "frontal.dcm").write_bytes(dicom(grey_film(seed=3), study_uid="1.2.3"))
    assert "1 scored, 2 refused" in program.good("scan", "films", "--settle-seconds", "0.1").out
    rules = tmp_path / "rules.toml"
    rules.write_text(RULES)
    for code in ("view", "modality"):
        program.good("retry", "--code", code)
    assert (
        "3 seen: 3 scored, 0 pending"
        in program.good("--config", str(rules), "scan", "films", "--settle-seconds", "0.1").out
    )

    document = program.good("--config", str(rules), "queue", "--format", "json").document
    places = {Path(entry["images"][0]["path"]).name: entry for entry in document["queue"]}
    lateral = places["lateral.dcm"]
    assert (lateral["band"], lateral["probability"], lateral["logit"]) == ("unscored", None, None)
    assert lateral["images"][0]["marks"] == ["view"]
    assert lateral["images"][0]["logit"] is not None
    assert places["digitised.dcm"]["band"] != "unscored"
    assert [(Path(item["path"]).name, item["codes"]) for item in document["marked"]] == [("lateral.dcm", ["view"])]
    assert document["not_scored"] == []

    table = program.good("--config", str(rules), "queue").out
    assert "unscored (marked)" in table
    assert "lateral.dcm: view: 0." in table
    program.good("--config", str(rules), "report", "--out", "reports")
    page = next(tmp_path.glob("reports/*/report.html")).read_text(encoding="utf-8")
    assert "Marked instead of refused here: view." in page
    facts = json.loads(next(tmp_path.glob("reports/*/report.json")).read_text(encoding="utf-8"))
    assert facts["report"]["rules"][0] == "Films of modality CR or DX or RG are taken, and those that name none."


def test_a_code_that_there_is_not_is_an_error_of_the_configuration(tmp_path: Path, bundle: Path) -> None:
    """By its key."""
    rules = tmp_path / "rules.toml"
    rules.write_text('[gate]\nmark = ["veiw"]\nmodalities = ["CT"]\n')
    done = Program(tmp_path, bundle).run("--config", str(rules), "config", "check")
    assert done.code == 2
    assert "gate.mark.0" in done.one_line()
    assert "gate.modalities.0" in done.err
