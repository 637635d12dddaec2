"""Expressions: how they are read, what they mean for one agent and for all at once, and how they are relaxed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from cti.domain.agent import Agent
from cti.domain.events import SkillLevel
from cti.domain.ids import AgentId, ProjectId, SiteId, SkillId
from cti.domain.requirement import LONGEST, Requirement, asked, both, names, parse, relaxed
from cti.domain.roster import Roster
from cti.errors import RuleError
from cti.testing import levels

SKILLS = [SkillId(name) for name in ("a", "b", "c", "tier")]
SITES = [SiteId("north"), SiteId("south")]
PROJECTS = [ProjectId("p1"), ProjectId("p2")]


def met(
    requirement: Requirement, *, site: str | None = None, project: str = "p1", tier: int = 0, **skills: int
) -> bool:
    found = requirement.fit(
        {SkillId(skill): level for skill, level in skills.items()},
        site_id=None if site is None else SiteId(site),
        project_ids=(ProjectId(project),),
        tier=tier,
    )
    return found is not None


# -- reading -----------------------------------------------------------------------------------------------------------


def test_a_bare_name_is_a_skill_at_any_level() -> None:
    assert met(parse("a"), a=1)
    assert not met(parse("a"), b=9)


def test_nothing_asks_for_nothing() -> None:
    assert met(parse(""))
    assert met(parse("   "))
    assert parse("") is parse(" ")


def test_not_binds_closer_than_and_and_and_closer_than_or() -> None:
    assert parse("a or b and not c") is parse("a or (b and (not c))")
    assert met(parse("a or b and c"), a=1)
    assert not met(parse("(a or b) and c"), a=1)
    assert not met(parse("not a and b"), a=1, b=1)
    assert met(parse("not (a and b)"), a=1)


@pytest.mark.parametrize(
    ("comparison", "meeting"),
    [
        (">= 4", {4, 5, 10}),
        ("> 4", {5, 10}),
        ("< 4", {0, 3}),
        ("<= 4", {0, 3, 4}),
        ("== 4", {4}),
        ("!= 4", {0, 3, 5, 10}),
        ("> 10", set()),
        ("<= 10", {0, 3, 4, 5, 10}),
    ],
)
def test_comparisons_are_those_of_arithmetic(comparison: str, meeting: set[int]) -> None:
    requirement = parse(f"a {comparison}")
    assert {level for level in (0, 3, 4, 5, 10) if met(requirement, a=level)} == meeting


def test_site_and_project_are_the_agents_and_the_tier_is_the_customers() -> None:
    assert met(parse("site north"), site="north")
    assert not met(parse("site north"), site="south")
    assert not met(parse("site north"))
    assert met(parse("project p2"), project="p2")
    assert met(parse("tier >= 3"), tier=3)
    assert not met(parse("tier >= 3"), tier=2)
    assert met(parse("tier == 0"), tier=0)
    assert not met(parse("tier"), tier=0)


def test_a_skill_with_the_name_of_a_word_is_named_as_a_skill() -> None:
    assert met(parse("skill tier >= 2"), tier=0) is False
    assert parse("skill tier >= 2").fit({SkillId("tier"): 2}) == 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a and", "the end"),
        ("a b", "'b' at character 3"),
        ("a or or b", "'or' at character 6"),
        ("(a and b", "')' is missing before the end"),
        ("a)", "')' at character 2"),
        ("a >= 11", "'11' at character 6"),
        ("a >= 0", "'0' at character 6"),
        ("a >=", "the end"),
        ("a & b", "'& b' at character 2"),
        ("site", "the end"),
        ("site 5", "'5' at character 6"),
        ("not", "the end"),
        ("7", "'7' at character 1"),
    ],
)
def test_a_mistake_is_told_with_its_place(text: str, words: str) -> None:
    with pytest.raises(RuleError) as raised:
        parse(text)
    assert words in str(raised.value)


def test_what_is_too_long_or_too_deep_is_refused() -> None:
    with pytest.raises(RuleError, match="longer"):
        parse("a" * (LONGEST + 1))
    with pytest.raises(RuleError, match="deeply"):
        parse("(" * 41 + "a" + ")" * 41)


def test_what_is_too_long_when_written_in_full_is_refused_when_it_is_read() -> None:
    with pytest.raises(RuleError, match="longer"):
        parse(" and ".join(f"s{number}!=1" for number in range(100)))


def test_what_can_never_or_must_always_hold_is_written_so_that_it_can_be_read() -> None:
    never, always = parse("a > 10"), parse("not a > 10")
    assert parse(never.text) is never
    assert not met(never, a=10)
    assert not met(never, never=10)
    assert always is parse("")
    assert parse("not tier >= 0") is never
    assert parse("b and a > 10") is never
    assert parse("b or a > 10") is parse("b")


def test_every_name_is_told_with_its_kind() -> None:
    found = set(names(parse("a >= 2 and not (site north or b) or project p1")))
    assert found == {("skill", "a"), ("skill", "b"), ("site", "north"), ("project", "p1")}


# -- putting together and relaxing -------------------------------------------------------------------------------------


def test_a_skill_asked_for_twice_is_asked_for_at_its_higher_level() -> None:
    assert both(parse("a >= 3 and b"), parse("a >= 5")) is parse("a >= 5 and b")
    assert asked(levels({"a": 3}), "a >= 7") is parse("a >= 7")


def test_a_level_that_everyone_has_asks_for_nothing_and_one_that_nobody_can_have_for_the_impossible() -> None:
    assert asked((SkillLevel(skill_id=SKILLS[0], level=0),)) is parse("")
    assert not met(asked((SkillLevel(skill_id=SKILLS[0], level=11),)), a=10)


def test_relaxing_lowers_a_skill_wherever_it_is_asked_for() -> None:
    assert relaxed(parse("a >= 7 and (b or a >= 9)"), levels({"a": 4})) is parse("a >= 4 and (b or a >= 4)")
    assert relaxed(parse("a >= 3"), levels({"a": 4})) is parse("a >= 3")


def test_relaxing_to_nothing_drops_the_skill() -> None:
    assert relaxed(parse("a >= 7 and b"), (SkillLevel(skill_id=SKILLS[0], level=0),)) is parse("b")
    assert relaxed(parse("a or b"), (SkillLevel(skill_id=SKILLS[0], level=0),)) is parse("")


def test_what_stands_under_not_is_never_relaxed() -> None:
    requirement = parse("b >= 5 and not a >= 3")
    assert relaxed(requirement, levels({"a": 1, "b": 2})) is parse("b >= 2 and not a >= 3")


# -- whatever is written -----------------------------------------------------------------------------------------------

_ATOMS = st.one_of(
    st.sampled_from(["a", "b", "site north", "site south", "project p1", "skill tier"]),
    st.builds(
        "{} {} {}".format,
        st.sampled_from(["a", "b", "c", "skill tier", "tier"]),
        st.sampled_from([">=", ">", "<", "<=", "==", "!="]),
        st.integers(1, 10),
    ),
)
EXPRESSIONS = st.recursive(
    _ATOMS,
    lambda inner: st.one_of(
        inner.map("not ({})".format),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: "({})".format(" and ".join(parts))),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: "({})".format(" or ".join(parts))),
    ),
    max_leaves=8,
)
AGENTS = st.builds(
    lambda skills, site_id, project_ids: Agent(
        id=AgentId(""),
        skills=tuple(SkillLevel(skill_id=skill_id, level=level) for skill_id, level in skills.items()),
        site_id=site_id,
        project_ids=tuple(project_ids),
    ),
    st.dictionaries(st.sampled_from(SKILLS), st.integers(1, 10)),
    st.sampled_from([None, *SITES]),
    st.lists(st.sampled_from(PROJECTS), unique=True),
)


@given(EXPRESSIONS)
def test_its_text_reads_as_the_same_requirement(text: str) -> None:
    requirement = parse(text)
    assert parse(requirement.text) is requirement


@given(EXPRESSIONS, st.lists(AGENTS, max_size=8), st.integers(0, 10))
def test_the_agents_found_at_once_are_those_who_fit_one_by_one(text: str, agents: list[Agent], tier: int) -> None:
    roster = Roster()
    for number, agent in enumerate(agents):
        roster.enter(replace(agent, id=AgentId(f"u{number}")))
    requirement = parse(text)
    found = set(roster.members(requirement.mask(roster, tier=tier)))
    assert found == {f"u{number}" for number, agent in enumerate(agents) if _fits(requirement, agent, tier)}


@given(EXPRESSIONS, AGENTS, st.dictionaries(st.sampled_from(SKILLS), st.integers(0, 9), min_size=1), st.integers(0, 10))
def test_relaxing_never_shuts_anyone_out(text: str, agent: Agent, limits: dict[SkillId, int], tier: int) -> None:
    requirement = parse(text)
    eased = relaxed(requirement, tuple(SkillLevel(skill_id=skill, level=level) for skill, level in limits.items()))
    assert parse(eased.text) is eased
    if _fits(requirement, agent, tier):
        assert _fits(eased, agent, tier)


@given(EXPRESSIONS, EXPRESSIONS, AGENTS, st.integers(0, 10))
def test_both_is_the_one_and_the_other(first: str, second: str, agent: Agent, tier: int) -> None:
    together = both(parse(first), parse(second))
    assert _fits(together, agent, tier) == (_fits(parse(first), agent, tier) and _fits(parse(second), agent, tier))


def _fits(requirement: Requirement, agent: Agent, tier: int) -> bool:
    held = {skill.skill_id: skill.level for skill in agent.skills}
    return requirement.fit(held, site_id=agent.site_id, project_ids=agent.project_ids, tier=tier) is not None
