"""The menus: every key of the demo centre leads where the file says, and no caller is ever left hanging."""

import re
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti import actions, config
from cti.config import Centre, Language
from cti.domain import schedule
from ivr import flow, words
from ivr.flow import (
    Ask,
    Check,
    Checked,
    Collect,
    End,
    Entered,
    Given,
    Leave,
    Phrase,
    Pressed,
    SecretEntered,
    Silence,
    TimeUp,
    Turn,
    Verb,
)
from ivr.words import Outcome, Standing

CENTRE = config.load(Path(__file__).parents[2] / "asterisk-conf" / "centre.yaml")
NOON = round(datetime(2030, 3, 4, 12, tzinfo=ZoneInfo("Europe/Moscow")).timestamp() * 1000)
NIGHT = NOON + 12 * 3_600_000
RICH = Standing(balance_minor=123_450, currency="RUB", status="active", ends_on=date(2031, 5, 1), tariff="Home 100")


MAIN = actions.ToMenu("main")


class Walk:
    """One caller's walk through a centre."""

    def __init__(
        self,
        entry: actions.Action = MAIN,
        *,
        centre: Centre = CENTRE,
        language: Language = Language.EN,
        project: str = "telecom",
        now_ms: int = NOON,
    ) -> None:
        self.centre, self.now_ms = centre, now_ms
        self.turn = flow.begin(centre, entry, project=project, language=language, now_ms=now_ms)

    def then(self, *given: Given) -> "Walk":
        for one in given:
            assert not isinstance(self.turn.verb, Leave | End), "the call is over"
            self.turn = flow.step(self.centre, self.turn.state, one, now_ms=self.now_ms)
        return self

    @property
    def verb(self) -> Verb:
        return self.turn.verb

    @property
    def prompts(self) -> list[str]:
        return [] if isinstance(self.verb, Check) else [phrase.prompt for phrase in self.verb.say]

    @property
    def path(self) -> str:
        return flow.path_text(self.turn.state)


def account(*outcomes: Outcome) -> list[Given]:
    """From the main menu: 3, then number and PIN for each outcome."""
    steps: list[Given] = [Pressed("3")]
    for outcome in outcomes:
        steps += [Entered("100001"), SecretEntered(), Checked(outcome, RICH if outcome is Outcome.OK else None)]
    return steps


def test_the_first_turn_greets_and_waits_for_a_key() -> None:
    assert Walk().verb == Ask(say=(Phrase("welcome", Language.EN), Phrase("main_menu", Language.EN)), timeout_ms=5000)


OPTIONS = [(menu.key, key, action) for menu in CENTRE.menus.values() for key, action in menu.options.items()]


@pytest.mark.parametrize(("menu", "key", "action"), OPTIONS)
def test_every_key_of_every_menu_leads_where_the_file_says(menu: str, key: str, action: actions.Action) -> None:
    walk = Walk(actions.ToMenu(menu)).then(Pressed(key))
    assert walk.path == f"{menu}:{key}"
    match action:
        case actions.ToQueue(queue):
            assert walk.verb == Leave(say=(), queue=queue)
        case actions.ToOperator():
            assert walk.verb == Leave(say=(), queue=CENTRE.projects["telecom"].operator)
        case actions.ToAccount():
            assert isinstance(walk.verb, Collect)
            assert (walk.verb.most, walk.verb.masked) == (6, False)
        case actions.ChooseLanguage(code, None):
            assert isinstance(walk.verb, Ask)
            assert {phrase.language for phrase in walk.verb.say} == {code}
            assert walk.prompts == [CENTRE.menus[menu].prompt]
        case actions.Repeat():
            assert walk.prompts == [CENTRE.menus[menu].prompt]
        case _:
            raise AssertionError(f"the demo centre has an action that is not tested: {action}")


@pytest.mark.parametrize(
    ("menu", "key"),
    [(menu.key, key) for menu in CENTRE.menus.values() for key in (*flow.ANY_KEY, "A") if key not in menu.options],
)
def test_a_key_that_is_not_offered_counts_as_a_failed_try(menu: str, key: str) -> None:
    walk = Walk(actions.ToMenu(menu))
    assert walk.then(Pressed(key)).prompts == ["invalid", CENTRE.menus[menu].prompt]
    walk.then(Pressed(key), Pressed(key))
    assert walk.verb == Leave(say=(Phrase("invalid", Language.EN),), queue="support")
    assert walk.path == ";".join([f"{menu}:{key.lower()}"] * 3)


def test_silence_three_times_leads_to_the_operator() -> None:
    walk = Walk().then(Silence())
    assert walk.prompts == ["silence", "main_menu"]
    assert walk.then(Silence(), Silence()).verb == Leave(say=(Phrase("silence", Language.EN),), queue="support")


def test_repeat_is_no_failed_try_but_does_not_forgive_one() -> None:
    walk = Walk().then(Silence(), Silence(), Pressed("*"))
    assert walk.prompts == ["main_menu"]
    assert isinstance(walk.then(Silence()).verb, Leave)


def test_the_language_stays_chosen_for_the_queue() -> None:
    walk = Walk().then(Pressed("9"), Pressed("2"))
    assert walk.turn.state.language is Language.RU
    assert walk.verb == Leave(say=(), queue="support")
    assert walk.path == "main:9;main:2"


def test_closed_hours_say_so_and_good_bye_and_hang_up() -> None:
    walk = Walk(actions.ToHours("clinic"), project="clinic", language=Language.RU, now_ms=NIGHT)
    assert walk.verb == End(say=(Phrase("clinic_closed", Language.RU), Phrase("goodbye", Language.RU)))
    assert walk.path == "clinic:closed"


def test_open_hours_lead_to_the_menu() -> None:
    walk = Walk(actions.ToHours("clinic"), project="clinic", language=Language.RU)
    assert walk.prompts == ["clinic_welcome", "clinic_menu"]
    assert walk.then(Pressed("0")).verb == Leave(say=(), queue="reception")


def test_the_right_pin_tells_the_account_and_returns_to_the_menu_without_a_second_greeting() -> None:
    walk = Walk().then(*account(Outcome.OK))
    assert walk.prompts == ["account_state", "main_menu"]
    assert isinstance(walk.verb, Ask)
    assert dict(walk.verb.say[0].values)["balance"] == "1234 roubles 50 kopecks"
    assert walk.turn.state.account == "100001"
    assert walk.path == "main:3;account:*;pin:*;pin:ok"


def test_three_wrong_pins_lead_to_the_operator_without_an_account() -> None:
    walk = Walk().then(*account(Outcome.WRONG))
    assert walk.prompts == ["account_wrong", "account_number"]
    walk = Walk().then(*account(Outcome.WRONG, Outcome.UNKNOWN, Outcome.WRONG))
    assert walk.prompts == ["account_wrong", "account_locked"]
    assert isinstance(walk.verb, Leave)
    assert (walk.verb.queue, walk.turn.state.account) == ("support", "")


@pytest.mark.parametrize(
    ("outcome", "prompt"), [(Outcome.LOCKED, "account_locked"), (Outcome.UNAVAILABLE, "account_unavailable")]
)
def test_a_locked_account_and_a_silent_service_lead_to_the_operator(outcome: Outcome, prompt: str) -> None:
    walk = Walk().then(*account(outcome))
    assert walk.verb == Leave(say=(Phrase(prompt, Language.EN),), queue="support")


def test_silence_at_the_pin_asks_again_and_ends_at_the_operator() -> None:
    walk = Walk().then(Pressed("3"), Entered("100001"), Silence())
    assert walk.prompts == ["account_number"]
    walk.then(Silence(), Silence())
    assert (walk.prompts, isinstance(walk.verb, Leave)) == (["account_locked"], True)


def test_zero_instead_of_an_account_number_is_the_operator() -> None:
    assert Walk().then(Pressed("3"), Entered("0")).verb == Leave(say=(), queue="support")


@pytest.mark.parametrize("digits", ["12*4", "*", "1#2", "٣"])
def test_what_is_no_number_is_asked_for_again(digits: str) -> None:
    assert Walk().then(Pressed("3"), Entered(digits)).prompts == ["account_number"]


def test_no_account_number_is_in_the_path_or_proved_before_the_pin() -> None:
    walk = Walk().then(Pressed("3"), Entered("100001"), SecretEntered())
    assert walk.verb == Check(account="100001")
    assert "100001" not in walk.path
    assert walk.turn.state.account == ""


def test_the_time_limit_leads_to_the_operator_from_everywhere() -> None:
    for before in ([], account(), [Pressed("3"), Entered("1")], account(Outcome.OK)):
        assert Walk().then(*before, TimeUp()).verb == Leave(say=(), queue="support")


@pytest.mark.parametrize("entry", [actions.ToMenu("gone"), actions.ToHours("gone"), actions.ToEcho(), actions.Repeat()])
def test_an_entry_that_is_not_there_is_the_operator(entry: actions.Action) -> None:
    assert Walk(entry).verb == Leave(say=(), queue="support")


def test_self_service_that_the_centre_does_not_have_is_the_operator() -> None:
    without = CENTRE.model_copy(update={"account": None})
    assert Walk(actions.ToAccount(), centre=without).verb == Leave(say=(), queue="support")


def test_a_long_path_keeps_its_latest_whole_steps() -> None:
    state = replace(Walk().turn.state, path=tuple(f"main:{number}" for number in range(200)))
    text = flow.path_text(state)
    assert len(text) <= 512
    assert text.endswith(";main:198;main:199")
    assert re.fullmatch(r"main:\d+(;main:\d+)*", text)


# -- nobody is ever left hanging ---------------------------------------------------------------------------------------
def endless(after_tries: actions.Action) -> Centre:
    """A centre whose menus send a failing caller round and round."""
    menus = {key: menu.model_copy(update={"after_tries": after_tries}) for key, menu in CENTRE.menus.items()}
    assert CENTRE.account is not None
    return CENTRE.model_copy(update={"menus": menus, "account": CENTRE.account.model_copy(update={"tries": 10})})


CENTRES = st.sampled_from(
    [CENTRE, *(endless(action) for action in (actions.Repeat(), MAIN, actions.ToAccount(), actions.HangUp()))]
)
ENTRIES = st.sampled_from(
    [*map(actions.ToMenu, CENTRE.menus), *map(actions.ToHours, CENTRE.hours), actions.ToAccount(), actions.HangUp()]
)


def can_give(verb: Verb) -> st.SearchStrategy[Given]:
    match verb:
        case Ask():
            return st.builds(Pressed, st.sampled_from([*flow.ANY_KEY, "A", "D"])) | st.just(Silence())
        case Collect(masked=True):
            return st.sampled_from([SecretEntered(), Silence()])
        case Collect():
            return st.builds(Entered, st.text("0123456789*", min_size=1, max_size=verb.most)) | st.just(Silence())
        case Check():
            return st.sampled_from([Checked(one, RICH if one is Outcome.OK else None) for one in Outcome])
        case _:
            raise AssertionError("the call is over")


@given(data=st.data(), centre=CENTRES, entry=ENTRIES, now_ms=st.sampled_from([NOON, NIGHT]))
def test_whatever_is_pressed_the_call_ends_in_a_queue_or_after_a_goodbye(
    data: st.DataObject, centre: Centre, entry: actions.Action, now_ms: int
) -> None:
    walk = Walk(entry, centre=centre, now_ms=now_ms)
    turns = 1
    while not isinstance(walk.verb, Leave | End):
        assert isinstance(walk.verb, Check) or walk.verb.say, "a silent question"
        walk.then(data.draw(can_give(walk.verb)))
        turns += 1
        assert turns <= flow.MOST_TURNS + 2
    if isinstance(walk.verb, Leave):
        assert walk.verb.queue in centre.queues
    else:
        assert walk.prompts[-1] == centre.goodbye
    assert all(prompt in centre.prompts for prompt in walk.prompts)
    assert re.fullmatch(r"[a-z0-9_:;*#-]{0,512}", walk.path)


@given(given=st.lists(st.sampled_from([Silence(), SecretEntered(), Entered("1"), Checked(Outcome.OK, RICH), TimeUp()])))
def test_what_does_not_fit_the_place_never_fails(given: list[Given]) -> None:
    turn: Turn = Walk().turn
    for one in given:
        turn = flow.step(CENTRE, turn.state, one, now_ms=NOON)
    assert turn.state.turns == len(given)


def test_closed_hours_are_what_the_schedule_says() -> None:
    assert schedule.is_open(CENTRE.hours["clinic"], NOON)
    assert not schedule.is_open(CENTRE.hours["clinic"], NIGHT)


def test_words_that_a_voice_reads_rightly() -> None:
    assert words.money(-100, "RUB", language=Language.EN) == "minus 1 rouble"
    assert words.money(250, "USD", language=Language.EN) == "2 dollars 50 cents"
    assert words.money(0, "RUB", language=Language.RU) == "0 рублей"
    assert [words.money(100 * n, "RUB", language=Language.RU).split()[1] for n in (1, 2, 5, 11, 12, 21, 104, 111)] == [
        "рубль", "рубля", "рублей", "рублей", "рублей", "рубль", "рубля", "рублей",
    ]  # fmt: skip
    assert words.money(-12_322, "RUB", language=Language.RU) == "минус 123 рубля 20 две копейки"
    assert words.money(101, "RUB", language=Language.RU) == "1 рубль одна копейка"
    assert words.money(1250, "XYZ", language=Language.EN) == "12.50 X Y Z"
    assert words.day(date(2031, 5, 1), language=Language.RU) == "первого мая 2031 года"
    assert words.day(None, language=Language.EN) == "further notice"
    assert words.status("active", language=Language.RU) == "действует"
    assert words.plain('"; DROP\n[[x]] <a>') == "DROP x   a"
