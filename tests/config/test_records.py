"""The records of the centre file: what they say of the demo centre."""

from datetime import time

from cti import actions, config
from cti.config import Language, Span
from tests.config.centres import demo, demo_with


def test_the_demo_centre_has_the_promised_numbers_and_choices() -> None:
    centre = demo()
    assert centre.numbers["+78005550102"].to == actions.ToQueue("support")
    assert centre.numbers["+78005550199"].to == actions.ToEcho()
    options = centre.menus["main"].options
    assert [options[digit] for digit in "1230"] == [
        actions.ToQueue("sales"),
        actions.ToQueue("support"),
        actions.ToAccount(),
        actions.ToOperator(),
    ]
    assert centre.queues["sales"].key == "sales"


def test_every_prompt_is_spoken_in_both_languages() -> None:
    for prompt in demo().prompts.values():
        assert prompt.text(Language.EN) != prompt.text(Language.RU)


def test_hours_know_the_spans_of_a_day() -> None:
    clinic = demo().hours["clinic"]
    assert clinic.spans(0) == (Span(time(8), time(20)),)
    assert clinic.spans(6) == ()
    assert demo().hours["telecom"].spans(6) == (Span(time(0), None),)


def test_a_language_may_be_chosen_on_the_way_to_a_menu() -> None:
    centre = config.parse(demo_with("9: language ru", "9: language ru menu main"), file="centre.yaml")
    assert centre.menus["main"].options["9"] == actions.ChooseLanguage("ru", actions.ToMenu("main"))


def test_a_customer_who_is_called_sees_a_number_of_the_company_he_called() -> None:
    centre = demo()
    assert centre.shown_number("telecom", dialled="+78005550102") == "+78005550102"
    assert centre.shown_number("clinic", dialled="+78005550102") == "+78005550200", "another company's is not shown"
    assert centre.shown_number("nobodys", dialled="+78005550102") == ""
