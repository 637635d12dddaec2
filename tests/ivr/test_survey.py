"""A caller who is asked how it was: keys, wrong keys, silence, and a hang-up in the middle."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from cti import surveys
from cti.prompts import Prompts
from cti.surveys import Answers
from ivr.api import Api
from ivr.app import Ivr
from tests.ivr.test_app import DEMO, Caller
from tests.running import eventually

pytestmark = pytest.mark.server

ASKED = """
    survey: {questions: [{key: quality, prompt: closed}, {key: again, prompt: closed, most: 2}], wait_s: 3}
"""
QUESTION = 'GET DATA "beep" 3000 1'


@dataclass
class Asked(Caller):
    """A caller whom the engine has sent to the survey."""

    script: str = "v1/survey/support"
    contact: str = "c7"

    def particulars(self) -> dict[str, str]:
        return super().particulars() | {"arg_1": self.contact, "arg_2": "u1"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "surveys"


@pytest.fixture
def ivr(tmp_path: Path, folder: Path) -> Iterator[Ivr]:
    centre = tmp_path / "centre.yaml"
    support = "    name: {en: Support, ru: Поддержка}\n"
    centre.write_text(DEMO.read_text(encoding="utf-8").replace(support, support + ASKED.lstrip("\n"), 1), "utf-8")
    prompts = Prompts(tmp_path / "prompts", speech=None)
    service = Ivr(
        ("127.0.0.1", 0),
        centre_file=centre,
        prompts=prompts,
        api=Api(url="http://127.0.0.1:9", token="word"),
        answers=folder,
    )
    service.server.start()
    yield service
    service.server.stop(deadline_s=0)
    prompts.close()


def left(folder: Path) -> Answers:
    [(_, answers)] = surveys.left(folder)
    return answers


def test_each_key_is_kept_as_it_is_pressed(ivr: Ivr, folder: Path) -> None:
    caller = Asked(ivr.server.port)
    assert caller.hears() == QUESTION
    assert (left(folder).given, left(folder).over) == ({}, False)
    assert caller.gives("4") == QUESTION
    assert (left(folder).given, left(folder).over) == ({"quality": 4}, False)
    assert caller.gives("2") == "HANGUP"
    assert (left(folder).given, left(folder).over) == ({"quality": 4, "again": 2}, True)
    assert (left(folder).contact_id, left(folder).agent_id, left(folder).queue_id) == ("c7", "u1", "support")
    caller.close()


@pytest.mark.parametrize("wrong", ["", "9", "*", "0"])
def test_a_question_that_is_not_answered_is_asked_once_more_and_then_he_is_thanked(
    ivr: Ivr, folder: Path, wrong: str
) -> None:
    caller = Asked(ivr.server.port)
    caller.hears()
    assert caller.gives(wrong) == QUESTION
    assert caller.gives(wrong) == "HANGUP"
    assert caller.commands[-2].startswith("STREAM FILE"), "he is thanked"
    assert (left(folder).given, left(folder).over) == ({}, True)
    caller.close()


def test_a_caller_who_hangs_up_in_the_middle_has_answered_what_he_did(ivr: Ivr, folder: Path) -> None:
    caller = Asked(ivr.server.port)
    caller.hears()
    caller.gives("5")
    caller.close()
    eventually(lambda: left(folder).over, what="it is over")
    assert left(folder).given == {"quality": 5}


@pytest.mark.parametrize("contact", ["", "../c7", "c7.json"])
def test_a_name_that_is_no_contacts_leaves_nothing_behind(ivr: Ivr, folder: Path, contact: str) -> None:
    caller = Asked(ivr.server.port, contact=contact)
    assert caller.hears() == "HANGUP"
    assert not folder.exists()
    caller.close()


def test_a_damaged_file_is_left_out(folder: Path) -> None:
    folder.mkdir()
    (folder / "c1.json").write_text("{")
    (folder / "c2.json").write_text('{"contact_id": "c3", "agent_id": "", "queue_id": "q", "at_ms": 1, "given": {}}')
    assert list(surveys.left(folder)) == []
