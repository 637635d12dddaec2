"""Whole simulated days: each decision explained is the one that was taken, and none is without explanation."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from cti.cli import main
from cti.domain import why
from cti.review import reading
from cti.shipped import asterisk_conf
from cti.store import journal as journals


@pytest.mark.parametrize("name", ["small-office", "mixed-media"])
def test_every_decision_of_a_simulated_day_is_explained(name: str, tmp_path: Path) -> None:
    file = tmp_path / "day.sqlite"
    scenario = str(asterisk_conf() / "scenarios" / f"{name}.yaml")
    played = CliRunner().invoke(main, ["simulate", scenario, "--replications", "1", "--journal", str(file), "--json"])
    assert played.exit_code == 0, played.output
    report = reading.audit(file)
    assert report.findings == ()
    told = agreed = 0
    for offer in why.offers(journals.everything(file)):
        told += 1
        agreed += offer.agrees
    assert told == report.offers > 100
    assert agreed == told
