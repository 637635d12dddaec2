"""Capacity profiles: each ready one keeps its public rule, and what cannot be is refused."""

from collections.abc import Sequence

import pytest

from cti import config, rules
from cti.domain import capacity
from cti.domain.capacity import Capacity
from cti.domain.ids import Medium
from tests.config.centres import demo, demo_with, line_of, refused

pytestmark = pytest.mark.long


Held = tuple[Medium, ...]
VOICE, CALLBACK, EMAIL, CHAT = Medium.VOICE, Medium.CALLBACK, Medium.EMAIL, Medium.CHAT
SMS, FAX, SOCIAL, TASK = Medium.SMS, Medium.FAX, Medium.SOCIAL, Medium.TASK
VOICEMAIL = Medium.VOICEMAIL
EVERY = (VOICE, CALLBACK, EMAIL, CHAT, SMS, FAX, SOCIAL, TASK, VOICEMAIL)


def ready(name: str) -> Capacity:
    return rules.capacity(demo().capacities[name])


def accepted(profile: Capacity, held: Held) -> Held:
    """The media of which one more is taken beside what he holds, nothing paused."""
    return tuple(medium for medium in Medium if capacity.accepts(profile, held, medium))


def holds(name: str, table: Sequence[tuple[Held, Held]]) -> None:
    for held, taken in table:
        assert accepted(ready(name), held) == taken, f"{name}, holding {held}"


def test_one_kind_at_a_time_and_an_email_gives_way() -> None:
    """1 call, 4 chats, 1 e-mail, 1 message, 1 callback; e-mail may be interrupted, calls and callbacks do not."""
    holds(
        "interruptible_email",
        [
            ((), (VOICE, CALLBACK, EMAIL, CHAT, SMS, VOICEMAIL)),
            ((VOICE,), ()),
            ((CALLBACK,), ()),
            ((SMS,), ()),
            ((CHAT,), (CHAT,)),
            ((CHAT,) * 3, (CHAT,)),
            ((CHAT,) * 4, ()),
            ((EMAIL,), ()),
        ],
    )
    profile = ready("interruptible_email")
    for medium in (VOICE, CALLBACK, CHAT, SMS):
        assert capacity.accepts_by_pausing(profile, (EMAIL,), (EMAIL,), medium) == (EMAIL,)
    assert capacity.accepts_by_pausing(profile, (EMAIL,), (EMAIL,), EMAIL) is None
    for held, medium in ((VOICE, CALLBACK), (CALLBACK, VOICE), (VOICE, EMAIL), (CHAT, EMAIL), (SMS, VOICE)):
        assert capacity.accepts_by_pausing(profile, (held,), (held,), medium) is None


def test_a_capacity_of_100_holds_one_call_of_100_or_five_chats_of_20() -> None:
    holds(
        "weighted",
        [
            ((), (VOICE, CALLBACK, CHAT, VOICEMAIL)),
            ((VOICE,), ()),
            ((CHAT,), (CHAT,)),
            ((CHAT,) * 4, (CHAT,)),
            ((CHAT,) * 5, ()),
        ],
    )
    assert capacity.load(ready("weighted"), (CHAT,) * 3) == 60


def test_each_medium_says_whether_others_may_come_while_it_is_worked_on() -> None:
    holds(
        "per_medium",
        [
            ((), (VOICE, CALLBACK, EMAIL, CHAT, TASK, VOICEMAIL)),
            ((VOICE,), ()),
            ((CALLBACK,), ()),
            ((CHAT,), (VOICE, CALLBACK, EMAIL, CHAT, TASK, VOICEMAIL)),
            ((CHAT,) * 3, (VOICE, CALLBACK, EMAIL, TASK, VOICEMAIL)),
            ((EMAIL,) * 5, (VOICE, CALLBACK, CHAT, TASK, VOICEMAIL)),
            ((CHAT, VOICE), ()),
        ],
    )


def test_blended_takes_one_call_five_chats_five_emails_and_five_posts_at_once() -> None:
    holds(
        "blended",
        [
            ((), (VOICE, CALLBACK, EMAIL, CHAT, SOCIAL, VOICEMAIL)),
            ((VOICE,), (EMAIL, CHAT, SOCIAL)),
            ((CHAT,) * 5, (VOICE, CALLBACK, EMAIL, SOCIAL, VOICEMAIL)),
            ((VOICE, *(CHAT,) * 5, *(EMAIL,) * 5, *(SOCIAL,) * 4), (SOCIAL,)),
            ((VOICE, *(CHAT,) * 5, *(EMAIL,) * 5, *(SOCIAL,) * 5), ()),
        ],
    )


def test_blended_real_time_takes_one_real_time_kind_at_a_time() -> None:
    holds(
        "blended_real_time",
        [
            ((), (VOICE, CALLBACK, EMAIL, CHAT, SOCIAL, VOICEMAIL)),
            ((VOICE,), (EMAIL, SOCIAL)),
            ((CHAT,), (EMAIL, CHAT, SOCIAL, VOICEMAIL)),
            ((CHAT,) * 5, (EMAIL, SOCIAL, VOICEMAIL)),
            ((EMAIL,) * 5, (VOICE, CALLBACK, CHAT, SOCIAL, VOICEMAIL)),
        ],
    )


def test_exclusive_takes_one_contact_of_whatever_medium() -> None:
    holds("exclusive", [((), EVERY), *(((medium,), ()) for medium in EVERY)])


def test_chats_come_only_while_no_email_and_no_call_is_active() -> None:
    holds(
        "chats_alone",
        [
            ((), (VOICE, CALLBACK, EMAIL, CHAT, VOICEMAIL)),
            ((CHAT,) * 2, (VOICE, CALLBACK, EMAIL, CHAT, VOICEMAIL)),
            ((CHAT,) * 3, (VOICE, CALLBACK, EMAIL, VOICEMAIL)),
            ((EMAIL,), (VOICE, CALLBACK, VOICEMAIL)),
            ((VOICE,), (EMAIL,)),
            ((CHAT, CHAT, VOICE), (EMAIL,)),
        ],
    )


def test_independent_media_know_only_their_own_limits() -> None:
    profile = demo().capacities["independent"]
    talk = {VOICE, CALLBACK}
    for medium, share in profile.shares.items():
        held = (medium,) * share.limit
        barred = talk | {VOICEMAIL} if medium in talk else {medium}
        others = tuple(other for other in EVERY if other not in barred)
        assert accepted(ready("independent"), held) == others


def test_no_ready_profile_lets_an_agent_talk_twice() -> None:
    for name in demo().capacities:
        for held, other in ((VOICE, CALLBACK), (CALLBACK, VOICE)):
            assert not capacity.accepts(ready(name), (held,), other), name


def test_an_own_profile_replaces_the_ready_one_of_its_name() -> None:
    own = "  blended: {name: {en: Ours, ru: Наш}, shares: {voice: 1, chat: {limit: 2, cost: 30}}}"
    centre = config.parse(demo_having(own), file="centre.yaml")
    assert centre.capacities["blended"].name.en == "Ours"
    assert rules.capacity(centre.capacities["blended"]).shares[1].cost == 30
    assert "independent" in centre.capacities


@pytest.mark.parametrize(
    ("profile", "problem"),
    [
        ("shares: {voice: 2}", "an agent has one ear"),
        ("shares: {voice: 1, chat: {limit: 4, cost: 101}}", "less than or equal to 100"),
        ("shares: {voise: 1}", "'voice', 'callback'"),
        ("shares: {voice: 1}, exclusive: [[voice, chat]]", "'exclusive' names 'chat', which has no share"),
        ("shares: {voice: 1}, exclusive: [[voice]]", "two media or more"),
        ("shares: {voice: 1, chat: 1}, bars: {voice: [email]}", "'bars' names 'email'"),
        ("shares: {voice: 1, chat: 1}, bars: {chat: [chat]}", "stands on both sides"),
        ("shares: {voice: 1, chat: 1}, interrupts: {chat: [voice]}", "a talk cannot be paused"),
        ("shares: {}", "at least 1"),
        ("shares: {voice: 1}, share: {chat: 1}", "did you mean 'shares'?"),
    ],
)
def test_a_profile_that_cannot_be_is_refused_in_its_line(profile: str, problem: str) -> None:
    text = demo_having(f"  ours: {{name: {{en: Ours, ru: Наш}}, {profile}}}")
    found = refused(text)
    assert problem in found[0][2]
    assert found[0][0] == line_of(text, "  ours:")


def test_a_default_profile_that_is_not_there_is_named_with_the_nearest_one() -> None:
    text = demo_with("default_capacity: ", "default_capacity: blendet #")
    assert [(key, problem) for _, key, problem in refused(text)] == [
        ("default_capacity", "there is no capacity profile 'blendet'; did you mean 'blended'?")
    ]


def demo_having(profile: str) -> str:
    """The demo centre's text with a line of its own under `capacities`."""
    return demo_with("  desk:\n", f"{profile}\n  desk:\n")
