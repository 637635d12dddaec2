"""People, their passwords and the projects' codes; every change in the audit."""

import asyncio
import contextlib
from dataclasses import replace

import pytest

from cti.config import Centre
from cti.database import Database
from cti.domain.events import SkillLevel
from cti.domain.ids import AgentId, ProjectId, SiteId, SkillId
from cti.errors import NotFound, RuleError
from cti.ports import Code, CodeKind, People, Person, Role, TooManyTries
from cti.store.directory import Directory

pytestmark = pytest.mark.server

PASSWORD = "a long password"
VERA = Person(
    agent_id=AgentId(""),
    login="vera",
    name="Вера Лебедева",
    role=Role.AGENT,
    project_ids=(ProjectId("clinic"), ProjectId("telecom")),
    extension="103",
    language="ru",
    skills=(SkillLevel(skill_id=SkillId("sales"), level=5),),
    active=True,
)


class Clock:
    now_ms = 1_000_000

    def __call__(self) -> int:
        return self.now_ms


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def directory(database: Database, clock: Clock) -> Directory:
    return Directory(database, now_ms=clock)


async def test_the_directory_is_what_the_web_asks_for(directory: Directory) -> None:
    people: People = directory
    assert await people.everyone() == []


async def test_a_person_comes_back_as_entered_with_an_id_and_a_phone(directory: Directory) -> None:
    added = await directory.add(VERA, PASSWORD, actor="admin", sip_secret="sip secret")
    assert added == replace(VERA, agent_id=added.agent_id)
    assert await directory.everyone() == [added]
    (phone,) = await directory.phones()
    assert (phone.agent_id, phone.extension, phone.secret) == (added.agent_id, "103", "sip secret")


async def test_a_site_and_a_profile_come_back_as_entered_and_are_audited(directory: Directory) -> None:
    added = await directory.add(replace(VERA, site_id=SiteId("moscow"), capacity="blended"), PASSWORD, actor="admin")
    assert (added.site_id, added.capacity) == ("moscow", "blended")
    newest, *_ = await directory.audit(limit=1, before_ms=None)
    assert newest.detail.endswith("site=moscow capacity=blended")
    changed = await directory.change(replace(added, site_id=None, capacity=None), actor="admin")
    assert (changed.site_id, changed.capacity) == (None, None)


async def test_an_id_is_never_given_twice(directory: Directory) -> None:
    first = await directory.add(VERA, PASSWORD, actor="admin")
    second = await directory.add(replace(VERA, login="v2", extension=None), PASSWORD, actor="admin")
    assert first.agent_id != second.agent_id


@pytest.mark.lesson(7)
@pytest.mark.parametrize(
    "person",
    [
        replace(VERA, login="other"),
        replace(VERA, extension="199"),
        replace(VERA, login="o", extension="1x"),
        replace(VERA, login="o", extension="150", project_ids=(ProjectId("nobodys"),)),
        replace(VERA, login="o", extension="150", skills=(SkillLevel(skill_id=SkillId("sales"), level=11),)),
    ],
    ids=["extension taken", "login taken", "extension not digits", "unknown project", "level 11"],
)
async def test_what_breaks_a_rule_is_refused_and_changes_nothing(directory: Directory, person: Person) -> None:
    before = await directory.add(VERA, PASSWORD, actor="admin")
    with pytest.raises(RuleError):
        await directory.add(person, PASSWORD, actor="admin")
    assert await directory.everyone() == [before]
    assert len(await directory.audit(limit=10, before_ms=None)) == 1


async def test_a_change_replaces_skills_and_projects_and_is_audited(directory: Directory) -> None:
    added = await directory.add(VERA, PASSWORD, actor="admin")
    wanted = replace(added, skills=(), project_ids=(ProjectId("clinic"),), name="Вера")
    assert await directory.change(wanted, actor="boss") == wanted
    newest, _ = await directory.audit(limit=10, before_ms=None)
    assert (newest.actor, newest.action, newest.subject) == ("boss", "person_changed", "vera")
    with pytest.raises(NotFound):
        await directory.change(replace(wanted, agent_id=AgentId("u999")), actor="boss")


async def test_the_right_password_signs_in_and_others_do_not(directory: Directory) -> None:
    added = await directory.add(VERA, PASSWORD, actor="admin")
    assert await directory.sign_in("vera", PASSWORD, source="a") == added
    assert await directory.sign_in("vera", "wrong", source="a") is None
    assert await directory.sign_in("nobody", PASSWORD, source="a") is None
    assert await directory.sign_in("vera", "\ud800", source="a") is None
    assert await directory.sign_in("vera\0", PASSWORD, source="a") is None


async def test_who_is_not_active_signs_in_no_longer_and_has_no_phone(directory: Directory) -> None:
    added = await directory.add(VERA, PASSWORD, actor="admin")
    await directory.change(replace(added, active=False), actor="admin")
    assert await directory.sign_in("vera", PASSWORD, source="a") is None
    assert await directory.phones() == []


async def test_from_the_fifth_wrong_password_on_the_wait_doubles_and_the_right_one_ends_it(
    directory: Directory, clock: Clock
) -> None:
    await directory.add(VERA, PASSWORD, actor="admin")
    for _ in range(5):
        assert await directory.sign_in("vera", "wrong", source="a") is None
    with pytest.raises(TooManyTries) as refused:
        await directory.sign_in("vera", PASSWORD, source="a")
    assert refused.value.retry_after_s == 1
    assert await directory.sign_in("vera", PASSWORD, source="another address") is not None
    clock.now_ms += 1000
    assert await directory.sign_in("vera", "wrong", source="a") is None
    with pytest.raises(TooManyTries) as refused:
        await directory.sign_in("vera", PASSWORD, source="a")
    assert refused.value.retry_after_s == 2
    clock.now_ms += 2000
    assert await directory.sign_in("vera", PASSWORD, source="a") is not None
    assert await directory.sign_in("vera", "wrong", source="a") is None
    assert await directory.sign_in("vera", PASSWORD, source="a") is not None


async def test_many_tries_at_once_are_slowed_like_as_many_in_a_row(directory: Directory) -> None:
    await directory.add(VERA, PASSWORD, actor="admin")
    tries = [directory.sign_in("vera", "wrong", source="a") for _ in range(9)]
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes].count(TooManyTries) == 4


async def test_a_link_signs_in_once_and_only_the_newest_for_its_time(directory: Directory, clock: Clock) -> None:
    person = await directory.add(replace(VERA, role=Role.ADMIN), None, actor="system")
    older = await directory.link(person.agent_id, actor="system")
    newer = await directory.link(person.agent_id, actor="system", life_s=60)
    assert await directory.redeem(older) is None
    assert await directory.redeem(newer) == person
    assert await directory.redeem(newer) is None
    late = await directory.link(person.agent_id, actor="system", life_s=60)
    clock.now_ms += 60_001
    assert await directory.redeem(late) is None


async def test_a_short_password_is_refused(directory: Directory) -> None:
    person = await directory.add(VERA, PASSWORD, actor="admin")
    with pytest.raises(RuleError, match="8 to 200"):
        await directory.set_password(person.agent_id, "short", actor="admin")
    await directory.set_password(person.agent_id, "another password", actor="admin")
    signed_in = await directory.sign_in("vera", "another password", source="a")
    assert signed_in == replace(person, sessions_from_ms=1_000_000)


async def test_the_administrators_codes_outlive_the_centre_file(directory: Directory, centre: Centre) -> None:
    sold = Code(
        project_id=ProjectId("telecom"),
        kind=CodeKind.DISPOSITION,
        id="sold",
        title_en="Won",
        title_ru="Ура",
        active=False,
    )
    new = replace(sold, id="gift", active=True)
    await directory.put_code(sold, actor="admin")
    await directory.put_code(new, actor="admin")
    await directory.adopt(centre)
    codes = await directory.codes()
    dispositions = [c for c in codes if c.project_id == "telecom" and c.kind is CodeKind.DISPOSITION]
    assert [code.id for code in dispositions] == ["resolved", "sold", "call_back", "passed_on", "wrong_number", "gift"]
    assert dispositions[1] == sold
    with pytest.raises(NotFound):
        await directory.put_code(replace(new, project_id=ProjectId("nobodys")), actor="admin")


async def test_no_secret_gets_into_the_audit(directory: Directory) -> None:
    person = await directory.add(VERA, PASSWORD, actor="admin", sip_secret="sip secret")
    await directory.set_password(person.agent_id, "another password", actor="admin")
    token = await directory.link(person.agent_id, actor="admin")
    with contextlib.suppress(TooManyTries):
        await directory.sign_in("vera", "typed by mistake", source="a")
    text = repr(await directory.audit(limit=100, before_ms=None))
    assert not [secret for secret in (PASSWORD, "another password", "sip secret", token) if secret in text]
