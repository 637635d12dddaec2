"""Whole simulated days: each decision explained is the one that was taken, and none is without explanation."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from cti.cli import main
from cti.domain.audit import telling, why
from cti.domain.audit.auditor import Auditor
from cti.domain.audit.telling import Names
from cti.review import reading
from cti.shipped import asterisk_conf
from cti.store import codec
from cti.store import journal as journals
from cti.store.written import WrittenFile


@pytest.mark.long
@pytest.mark.parametrize("name", ["small-office", "mixed-media"])
def test_every_decision_of_a_simulated_day_is_explained(name: str, tmp_path: Path) -> None:
    file = tmp_path / "day.sqlite"
    scenario = str(asterisk_conf() / "scenarios" / f"{name}.yaml")
    played = CliRunner().invoke(main, ["simulate", scenario, "--replications", "1", "--journal", str(file), "--json"])
    assert played.exit_code == 0, played.output
    report = reading.audit(WrittenFile(file))
    assert report.findings == ()
    told = agreed = 0
    for offer in why.offers(journals.everything(file)):
        told += 1
        agreed += offer.agrees
    assert told == report.offers > 100
    assert agreed == told


GOLDEN = sorted((Path(__file__).parents[1] / "store" / "golden").glob("*.jsonl"))


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_journals_of_earlier_versions_are_audited_and_explained(path: Path) -> None:
    auditor = Auditor()
    entries = [codec.decode(tuple(json.loads(line))) for line in path.read_text(encoding="utf-8").splitlines()]
    for entry in entries:
        auditor.take(entry.number, entry.at_ms, entry.facts)
    assert auditor.report().findings == ()
    for offer in why.offers(entries):
        assert all(telling.of_offer(offer, Names()))
