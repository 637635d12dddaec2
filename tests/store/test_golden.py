"""Journals of earlier versions must be read, folded and decided alike by this one."""

import json
from pathlib import Path

import pytest

from cti.domain.acd import Acd
from cti.engine.replay import replay
from cti.ports import Entry
from cti.store import codec

GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.jsonl"))


def entries(path: Path) -> list[Entry]:
    return [codec.decode(tuple(json.loads(line))) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_a_golden_journal_is_decided_as_it_was(path: Path) -> None:
    found = replay(lambda: entries(path))
    assert found.events > 50
    assert found.differences == ()


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_a_golden_journal_folds_to_a_floor_without_live_contacts(path: Path) -> None:
    acd = Acd()
    for entry in entries(path):
        acd.fold(entry.number, entry.facts)
    assert acd.state.contacts == {}
    assert acd.state.assignments == {}
    assert acd.state.agents
