"""The demo centre with campaigns of the tests' own."""

from typing import Any

from cti import config
from cti.config import Centre
from tests.config.centres import DEMO

BASE = """
  spring:
    name: {en: Spring, ru: Весна}
    project: telecom
    queue: sales
    mode: predictive
    hours: {weekly: {mon-sun: 09:00-21:00}}
    retries: {busy: {after_s: 60, attempts: 3}}
    dispositions: {call_back: {after_s: 600, attempts: 2}}
"""
"""Between 9 and 21 by the callee's clock; busy again after a minute, `call_back` after ten."""


def with_campaigns(text: str = BASE) -> Centre:
    """The demo's centre with these under `campaigns`, instead of its own."""
    demo = DEMO.read_text(encoding="utf-8").split("\ncampaigns:")[0]
    return config.parse(f"{demo}\ncampaigns:{text}", file="centre.yaml")


def campaign(**values: Any) -> config.Campaign:
    """A campaign that says nothing but these, and what it must."""
    needed = {"key": "spring", "name": {"en": "Spring", "ru": "Весна"}, "project": "telecom", "queue": "sales"}
    return config.Campaign.model_validate({**needed, **values})
