"""Days that the simulator's tests share."""

from pathlib import Path

from cti.simulate.reading import parse
from cti.simulate.scenario import Scenario

MIXED = """
name: Mixed media
begins: "08:00"
lasts: 8h
replications: 3
seed: 3
queues:
  voice: {service_level_s: 20, priority: 3}
  chat: {service_level_s: 60, ring_limit_s: 30}
  mail: {service_level_s: 600, ring_limit_s: 60}
agents:
  - {name: people, count: 22, capacity: interruptible_email, answer: {log_normal: {mean: 4, cv: 0.5}},
     no_answer: 0.01, breaks: ["10:00-10:30"], stagger: 10m, shifts: ["08:00-12:00", "12:20-18:00"]}
arrivals:
  - {queue: voice, per_hour: 120, patience: {exponential: 2m}, service: {log_normal: {mean: 3m, cv: 0.8}},
     wrap_up: {exponential: 20}}
  - {queue: chat, medium: chat, per_hour: 70, patience: {exponential: 8m}, service: {exponential: 6m}}
  - {queue: mail, medium: email, per_hour: 60, service: {exponential: 4m}, wrap_up: 5}
"""

SHORT = MIXED.replace("lasts: 8h", "lasts: 3h")


def day(text: str) -> Scenario:
    """The scenario of a text."""
    return parse(text, file="day.yaml", beside=Path())
