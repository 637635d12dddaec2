"""What people read: both languages say the same, name names, and put numbers in their right form."""

import string

import pytest
from msgspec.structs import replace

from cti.domain.audit import telling, why
from cti.domain.audit.telling import Names
from cti.domain.audit.why import Story
from cti.domain.audit.words import MEDIA, NOUNS, TEXTS
from cti.domain.events import PriorityChanged
from cti.domain.facts import Terms
from cti.domain.ids import AgentId, ContactId, QueueId, SkillId
from cti.testing import Scenario
from tests.domain.audit.test_why import explained
from tests.domain.days import random_day

NAMES = Names(
    agents={AgentId("ann"): "Ann Lee", AgentId("bob"): "Bob Ray"},
    queues={QueueId("support"): "Support line"},
    skills={SkillId("router"): "Routers"},
)


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("key", sorted(TEXTS))
def test_each_sentence_says_the_same_in_both_languages(key: str) -> None:
    english, russian = TEXTS[key]
    assert fields(english) == fields(russian)
    assert not any("а" <= letter <= "я" for letter in english.lower())


def test_every_medium_has_its_words() -> None:
    assert all(len(words) == 2 for words in MEDIA.values())
    assert all(len(english) == 2 and len(russian) == 3 for english, russian in NOUNS.values())


def test_it_names_who_got_it_who_did_not_and_by_how_much() -> None:
    day = Scenario()
    day.queue("support", skills={"router": 3})
    day.agent("ann", skills={"router": 5})
    day.agent("bob", skills={"router": 8})
    day.call("kim")
    (offer,) = explained(day, day.contact_ids["kim"]).offers
    first, counts, score = telling.of_offer(offer, NAMES)
    assert first == (
        "Bob Ray was offered this call of queue “Support line” at once: "
        "the skills fit best, 8 levels in all against 5 of Ann Lee."
    )
    assert counts == "Agents: 2; with what it asks for: 2 (ready: 2, with room: 2)."
    assert score.endswith("Nothing else waited for the same agent.")
    assert telling.of_changes(offer, NAMES) == ("Had Ann Lee 3 levels more in Routers, Ann Lee would have got it.",)
    assert "на 3 уровня" in telling.of_changes(offer, NAMES, "ru")[0]


def missed_story() -> tuple[Scenario, Story]:
    day = Scenario()
    day.queue("support")
    day.call("kim")
    day.advance(seconds=10)
    day.call("lee")
    day.send(PriorityChanged(contact_id=day.contact_ids["lee"], priority=5))
    day.agent("ann")
    return day, explained(day, day.contact_ids["kim"])


def test_it_tells_what_a_passed_contact_lacked() -> None:
    day, story = missed_story()
    (sentence,) = telling.of_missed(story, NAMES)
    assert sentence == (
        f"After 10 s of waiting Ann Lee was given {day.contact_ids['lee']} of queue “Support line” instead. "
        "It would have gone first with 5 more points of priority, or had it come 4 min 50 s earlier."
    )
    assert "на 5 баллов больше" in telling.of_missed(story, NAMES, "ru")[0]
    assert telling.passed_line(story).endswith("another contact 1 time.")
    assert "everyone who could take it is busy" in telling.of_wait(story.wait or pytest.fail("it waits"), NAMES)[0]


def test_what_the_reader_may_not_see_is_told_without_its_names() -> None:
    day, story = missed_story()
    hiding = Names(hidden=frozenset({QueueId("support")}))
    (sentence,) = telling.of_missed(story, hiding)
    assert "a contact of another project" in sentence
    assert day.contact_ids["lee"] not in sentence


@pytest.mark.parametrize(
    ("ms", "english", "russian"),
    [
        (0, "0 s", "0 с"),
        (40, "0.1 s", "0,1 с"),
        (1_500, "1.5 s", "1,5 с"),
        (9_999, "9.9 s", "9,9 с"),
        (59_999, "59 s", "59 с"),
        (60_000, "1 min", "1 мин"),
        (185_000, "3 min 5 s", "3 мин 5 с"),
        (7_800_000, "2 h 10 min", "2 ч 10 мин"),
        (-60_000, "−1 min", "−1 мин"),
    ],
)
def test_spans(ms: int, english: str, russian: str) -> None:
    assert telling.span(ms) == english
    assert telling.span(ms, "ru") == russian


def test_only_terms_that_count_are_told() -> None:
    terms = Terms(seniority_ms=5_000, priority_ms=0, tier_ms=1, urgency_ms=0)
    assert [(key, ms) for key, _, ms in telling.of_terms(terms)] == [("seniority", 5_000), ("tier", 1)]


def test_a_decision_of_other_rules_is_said_to_be_one() -> None:
    day = Scenario()
    day.queue("support")
    day.agent("ann")
    day.call("kim")
    (offer,) = explained(day, day.contact_ids["kim"]).offers
    assert telling.of_offer(replace(offer, agrees=False), NAMES)[-1].startswith("Decided again by the rules of today")


def test_every_offer_and_wait_of_a_random_day_can_be_told() -> None:
    day = random_day(3, events=800)
    for offer in why.offers(day.entries):
        for language in telling.LANGUAGES:
            told = (*telling.of_offer(offer, NAMES, language), *telling.of_changes(offer, NAMES, language))
            assert all(sentence and "{" not in sentence for sentence in told)
    for contact_id in list(day.fast.state.contacts)[:10]:
        story = explained(day, ContactId(contact_id))
        for language in telling.LANGUAGES:
            assert telling.contact_line(story, NAMES, language)
            assert story.wait is None or telling.of_wait(story.wait, NAMES, language)
