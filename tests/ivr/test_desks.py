"""Logging in at a desk phone by dialling: what is asked, what the engine is told, what is said."""

import json
import logging
from collections.abc import Sequence
from typing import Any, cast

import pytest

from cti.config import Language
from cti.prompts import Own, Prompts
from ivr import call, desks
from ivr.api import Api
from ivr.desks import DeskCall
from ivr.session import Session


class Phone:
    """A session whose caller presses these, one after the other."""

    def __init__(self, *pressed: str) -> None:
        self.env = {"agi_arg_1": "desk-d12"}
        self._pressed = list(pressed)
        self.heard: list[str] = []

    def collect(self, sounds: Sequence[str], **_: object) -> str:
        self.heard += sounds
        return self._pressed.pop(0) if self._pressed else ""

    def say(self, sounds: Sequence[str], **_: object) -> None:
        self.heard += sounds


class Engine:
    """Answers these, one after the other; an exception is raised."""

    def __init__(self, *answers: str | Exception) -> None:
        self._answers = list(answers)
        self.asked: list[tuple[str, dict[str, object]]] = []

    def post(self, path: str, body: dict[str, object]) -> bytes:
        self.asked.append((path, body))
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return json.dumps({"result": answer}).encode()


class Names:
    """Sounds by their key."""

    def sound(self, prompt: Any, _: Language) -> str:
        return str(prompt.key)


def led(phone: Phone, engine: Engine) -> DeskCall:
    return DeskCall(
        cast("Session", phone),
        prompts=cast("Prompts", Names()),
        api=cast("Api", engine),
        language=Language.EN,
    )


def test_number_and_pin_are_carried_to_the_engine_with_the_phone_that_the_switch_named() -> None:
    phone, engine = Phone("101", "2468"), Engine("ok")
    led(phone, engine).log_in()
    assert engine.asked == [(desks.IN_PATH, {"extension": "101", "pin": "2468", "endpoint": "desk-d12"})]
    assert phone.heard == [Own.DESK_NUMBER, Own.DESK_PIN, Own.DESK_WELCOME]


def test_a_wrong_pin_is_asked_for_again_and_a_locked_one_is_not() -> None:
    phone, engine = Phone("101", "1", "101", "2"), Engine("wrong", "locked")
    led(phone, engine).log_in()
    assert phone.heard[-1] == Own.DESK_LOCKED
    assert phone.heard.count(Own.DESK_WRONG) == 1
    assert len(engine.asked) == 2


@pytest.mark.parametrize("pressed", [("",), ("101", ""), ("10*1", "2468"), ("101", "24*8")])
def test_what_is_no_number_and_no_pin_is_never_a_try(pressed: tuple[str, ...]) -> None:
    engine = Engine()
    led(Phone(*pressed), engine).log_in()
    assert engine.asked == []


def test_an_engine_that_is_away_is_said_and_no_digit_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    phone = Phone("101", "2468")
    with caplog.at_level(logging.DEBUG):
        led(phone, Engine(TimeoutError())).log_in()
    assert phone.heard[-1] == Own.DESK_FAILED
    assert "2468" not in caplog.text


@pytest.mark.parametrize(("answer", "said"), [("ok", Own.DESK_LEFT), ("unknown", Own.DESK_FAILED)])
def test_whoever_sits_there_leaves(answer: str, said: Own) -> None:
    phone, engine = Phone(), Engine(answer)
    led(phone, engine).log_out()
    assert engine.asked == [(desks.OUT_PATH, {"endpoint": "desk-d12"})]
    assert phone.heard == [said]


@pytest.mark.parametrize(
    ("script", "way"),
    [("v7/desk/in", "in"), ("/v7/desk/out", "out"), ("desk/in", ""), ("v7/desk/up", ""), ("v7/menu/desk", "")],
)
def test_only_the_dialplans_own_path_leads_to_a_desk(script: str, way: str) -> None:
    assert call.desk_way(script) == way
