"""The audit in words: no code is shown raw."""

import re
from pathlib import Path

import cti
from cti.domain.events import SkillLevel
from cti.domain.ids import AgentId, ProjectId, SkillId
from cti.ports import Deed, Person, Role
from cti.store import people
from cti.web import deeds


def deed(action: str, detail: str = "") -> Deed:
    return Deed(at_ms=1, actor="root", action=action, subject="anna", detail=detail)


def test_every_action_that_is_kept_has_words_in_both_languages() -> None:
    kept: set[str] = set()
    for path in Path(cti.__file__).parent.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        kept |= set(re.findall(r'note_deed\([^)]*?action="(\w+)"', text))
        kept |= set(re.findall(r'deed=\(actor, "(\w+)"', text))
        kept |= set(re.findall(r'_note\((?:[^()]|\([^()]*\))*?"(do_not_call_\w+)"', text))
        kept |= set(re.findall(r'action="(conf_\w+)"', text))
        kept |= set(re.findall(r'(?:action"?[:=]|action =|else) ?"(recording_(?:played|downloaded|erased))"', text))
    assert {"called_for", "do_not_call_added", "do_not_call_removed", "person_added", "conf_applied"} <= kept
    assert kept == set(deeds.TITLES)
    assert all(russian != english for english, russian in deeds.TITLES.values())


def test_a_person_is_told_without_keys_and_dashes() -> None:
    anna = Person(
        agent_id=AgentId("u1"),
        login="anna",
        name="Anna",
        role=Role.AGENT,
        project_ids=(ProjectId("clinic"), ProjectId("telecom")),
        extension=None,
        language="en",
        skills=(SkillLevel(skill_id=SkillId("sales"), level=5),),
        active=True,
    )
    told = deed("person_added", people.described(anna))
    assert deeds.title(told, "en") == "Entered a person"
    assert deeds.detail(told, "en") == "agent, active, projects clinic telecom, skills sales:5"
    assert deeds.detail(told, "ru") == "оператор, активен, проекты clinic telecom, навыки sales:5"


def test_a_refused_call_is_told_with_its_reason_and_free_words_stay() -> None:
    assert deeds.detail(deed("call_refused", "country_not_allowed"), "en") == "the country is not allowed"
    assert deeds.detail(deed("do_not_call_added", "every project"), "ru") == "все проекты"
    assert deeds.detail(deed("conf_applied", "every project"), "en") == "every project"
    assert deeds.title(deed("of_another_version"), "en") == "of_another_version"
