"""What an admin may write of a queue and its steps, and what is refused."""

import pytest

from cti import config
from cti.config import Centre, OverflowDestination, OverflowQueue
from tests.config.centres import line_of, refused

SHOP = """\
name: {en: Shop, ru: Магазин}
country: RU
projects:
  shop:
    name: {en: Shop, ru: Магазин}
    operator: first
    dispositions: {done: {en: Done, ru: Готово}}
    not_ready_reasons: {break: {en: Break, ru: Перерыв}}
  other:
    name: {en: Other, ru: Другой}
    operator: foreign
    dispositions: {done: {en: Done, ru: Готово}}
    not_ready_reasons: {break: {en: Break, ru: Перерыв}}
sites:
  moscow: {name: {en: Moscow, ru: Москва}, tz: Europe/Moscow}
  omsk: {name: {en: Omsk, ru: Омск}, tz: Asia/Omsk}
skills:
  technical: {en: Technical, ru: Техника}
  billing: {en: Billing, ru: Счета}
trunks:
  carrier: {emulated: true, caller_id: "+78005550100"}
numbers:
  "+78005550100": {to: queue first, project: shop, about: {en: all, ru: все}}
hours:
  day: {tz: Europe/Moscow, weekly: {mon-fri: 09:00-18:00}, open: operator, closed_prompt: said}
prompts:
  said: {en: One moment., ru: Минуту.}
destinations:
  duty: {name: {en: Duty phone, ru: Дежурный}, number: "+79165550001"}
  box: {name: {en: Voicemail, ru: Автоответчик}, voicemail: {prompt: said}}
queues:
  first:
    name: {en: First, ru: Первая}
    project: shop
QUEUE
  second:
    name: {en: Second, ru: Вторая}
    project: shop
OTHER
  foreign:
    name: {en: Foreign, ru: Чужая}
    project: other
"""

FULL = """\
    requires: "technical >= 5 and (billing or not site moscow)"
    sites: [moscow]
    weights_percent: {email: 10}
    tier_credit_s: 30
    urgency_s: 120
    callback: {hours: day, attempts: 2, retry_s: 600, ring_limit_s: 25}
    lost_to: second
    steps:
      - {after_s: 0, if: {closed: day}, to: destination box}
      - {after_s: 20, announce: [position, expected_wait], every_s: 45, if: {position_over: 1}}
      - {after_s: 30, relax: {technical: 3}, drop: [billing], sites: [omsk]}
      - {after_s: 60, offer_callback: true, if: {expected_over_s: 120, eligible_under: 3, open: day}}
      - {after_s: 90, add: "not site omsk", priority: 2}
      - {after_s: 600, to: queue second}"""


def shop(first: str, second: str = "") -> str:
    """The shop's centre file with these lines in its queues."""
    lines = SHOP.replace("QUEUE\n", f"{first}\n" if first else "").replace("OTHER\n", f"{second}\n" if second else "")
    assert "QUEUE" not in lines
    return lines


def read(first: str, second: str = "") -> Centre:
    return config.parse(shop(first, second), file="centre.yaml")


def test_every_key_of_a_queue_is_read() -> None:
    centre = read(FULL)
    queue = centre.queues["first"]
    assert queue.callback is not None
    assert (queue.callback.hours, queue.callback.attempts, queue.lost_to) == ("day", 2, "second")
    assert [step.to for step in queue.steps if step.to] == [OverflowDestination("box"), OverflowQueue("second")]
    assert queue.steps[3].conditions.eligible_under == 3
    assert centre.destinations["duty"].number == "+79165550001"
    voicemail = centre.destinations["box"].voicemail
    assert voicemail is not None
    assert (voicemail.prompt, voicemail.limit_s) == ("said", 120)


@pytest.mark.parametrize(("written", "there"), [("true", True), ("false", False)])
def test_a_callback_may_be_said_in_one_word(written: str, there: bool) -> None:
    assert (read(f"    callback: {written}").queues["first"].callback is not None) is there


@pytest.mark.parametrize(
    ("lines", "key", "problem"),
    [
        ("    requires: technicl >= 5", "requires", "there is no skill 'technicl'; did you mean 'technical'?"),
        ("    requires: technical and site moskow", "requires", "there is no site 'moskow'; did you mean 'moscow'?"),
        ("    requires: project shopp", "requires", "there is no project 'shopp'; did you mean 'shop'?"),
        ("    requires: technical >= 11", "requires", "a level from 1 to 10 is expected, not '11' at character 14"),
        ("    requires: technical billing", "requires", "'and' or 'or' is missing before 'billing'"),
        ("    requires: technical < 0", "requires", "is expected"),
        ("    sites: [omks]", "sites.0", "did you mean 'omsk'?"),
        ("    weights_percent: {chat: -1}", "weights_percent.chat", "greater than or equal to 0"),
        ("    weights_percent: {chat: 0}", "weights_percent.chat", "may wait here for ever"),
        ("    prefer: {last_agnt: 60}", "prefer.last_agnt", "'last_agent' or 'manager'"),
        ("    prefer: {manager: -1}", "prefer.manager", "greater than or equal to 0"),
        ("    prefer: {manager: 3601}", "prefer.manager", "less than or equal to 3600"),
        ("    lost_to: thrid", "lost_to", "there is no queue 'thrid'"),
        ("    lost_to: foreign", "lost_to", "belongs to another project"),
        ("    callback: {hours: night}", "callback.hours", "there is no hours 'night'"),
        ("    callback: {tries: 3}", "callback.tries", "is not known here"),
        ("    steps: [{after_s: 9}]", "steps.0", "does nothing: write relax, drop"),
        ("    steps: [{priority: 1}]", "steps.0.after_s", "is missing"),
        ("    steps: [{after_s: 9, priorty: 1}]", "steps.0.priorty", "did you mean 'priority'?"),
        ("    steps: [{after_s: 9, priority: 11}]", "steps.0.priority", "less than or equal to 10"),
        ("    steps: [{after_s: 9, if: {opend: day}, priority: 1}]", "steps.0.if.opend", "did you mean 'open'?"),
        ("    steps: [{after_s: 9, if: {open: dai}, priority: 1}]", "steps.0.if.open", "no hours 'dai'"),
        (
            "    steps: [{after_s: 9, if: {open: day, closed: day}, drop: [billing]}]",
            "steps.0.if",
            "never open and closed",
        ),
        ("    steps: [{after_s: 9, relax: {billing: 2}, drop: [billing]}]", "steps.0", "in 'relax' and in 'drop'"),
        ("    steps: [{after_s: 9, relax: {billing: 0}}]", "steps.0.relax.billing", "greater than or equal to 1"),
        ("    steps: [{after_s: 9, drop: [biling]}]", "steps.0.drop.0", "did you mean 'billing'?"),
        ("    steps: [{after_s: 9, add: biling}]", "steps.0.add", "did you mean 'billing'?"),
        ("    steps: [{after_s: 9, announce: [music]}]", "steps.0.announce.0", "'position' or 'expected_wait'"),
        ("    steps: [{after_s: 9, offer_callback: true}]", "steps.0.offer_callback", "needs 'callback' in the queue"),
        ("    steps: [{after_s: 9, to: queue secnd}]", "steps.0.to", "did you mean 'second'?"),
        ("    steps: [{after_s: 9, to: destination dutty}]", "steps.0.to", "did you mean 'duty'?"),
        ("    steps: [{after_s: 9, to: voicemail box}]", "steps.0.to", "write 'queue NAME' or 'destination NAME'"),
        ("    steps: [{after_s: 9, to: queue first}]", "steps.0.to", "the queue it stands in"),
        ("    steps: [{after_s: 9, to: queue foreign}]", "steps.0.to", "belongs to another project"),
        ("    steps: [{after_s: 9, to: queue second, every_s: 9}]", "steps.0", "'every_s' has no sense with 'to'"),
        ("    steps: [{after_s: 9, priority: 1}, {after_s: 8, priority: 1}]", "", "in the order of 'after_s'"),
    ],
)
def test_a_mistake_in_a_queue_is_named_by_line_and_key(lines: str, key: str, problem: str) -> None:
    text = shop(lines)
    found = refused(text)
    assert [named for _, named, _ in found] == [f"queues.first.{key}".rstrip(".")]
    assert problem in found[0][2]
    assert found[0][0] == line_of(text, lines if key else "  first:")


@pytest.mark.parametrize(
    ("old", "new", "key", "problem"),
    [
        ('number: "+79165550001"', 'number: "89165550001"', "destinations.duty.number", "in full with +"),
        (
            "voicemail: {prompt: said}",
            "voicemail: {prompt: sed}",
            "destinations.box.voicemail.prompt",
            "no prompt 'sed'",
        ),
        (', number: "+79165550001"}', "}  # nowhere", "destinations.duty", "write either 'number' or 'voicemail'"),
        ("{prompt: said}}", '{prompt: said}, number: "+79165550001"}', "destinations.box", "write either"),
    ],
)
def test_a_mistake_in_a_destination_is_named(old: str, new: str, key: str, problem: str) -> None:
    text = shop("").replace(old, new)
    ((line, named, said),) = refused(text)
    assert (named, line) == (key, line_of(text, new))
    assert problem in said


def test_queues_that_send_on_in_a_circle_at_once_are_refused_and_later_ones_are_not() -> None:
    to_second = "    steps: [{after_s: 0, if: {open: day}, to: queue second}]"
    to_first = "    steps: [{after_s: 0, if: {closed: day}, to: queue first}]"
    found = refused(shop(to_second, to_first))
    assert [key for _, key, _ in found] == ["queues.first.steps.0.to", "queues.second.steps.0.to"]
    assert all("in a circle of queues" in problem for _, _, problem in found)
    assert read(to_second, to_first.replace("after_s: 0", "after_s: 60")).queues["second"].steps


def test_all_mistakes_of_a_queue_come_at_once() -> None:
    lines = "    requires: nothing\n    strickt: true\n    steps: [{after_s: 1}, {after_s: 2, drop: [x]}]"
    assert [key for _, key, _ in refused(shop(lines))] == [
        "queues.first.requires",
        "queues.first.strickt",
        "queues.first.steps.0",
        "queues.first.steps.1.drop.0",
    ]


def test_a_weight_of_zero_is_allowed_where_the_queue_is_marked_strict() -> None:
    assert read("    strict: true\n    weights_percent: {chat: 0}").queues["first"].strict
