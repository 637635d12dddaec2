"""The public API's records for supervisors at others' talks. Beside `cti.web.messages`; its rules hold."""

from typing import Literal

from cti.domain.ids import MonitorMode
from cti.web.record import Message

MonitorState = Literal["ringing", "listening", "coaching", "together", "leading"]


class MonitorWish(Message):
    """Listen, coach, come in, or take over; at the talk already, another way."""

    mode: MonitorMode


class MonitorView(Message):
    """The talk that this supervisor is at."""

    contact_id: str
    agent_id: str
    """Whose talk it is."""
    agent: str
    """His name."""
    queue: str
    name: str
    address: str
    state: MonitorState
    mode: MonitorMode
    """What he wants as soon as he has answered; then as the state."""
    since_ms: int
    until_ms: int | None
    """While his phone rings."""


class ListenerView(Message):
    """A supervisor who is at a talk."""

    agent_id: str
    name: str
    state: MonitorState


class MonitorEnded(Message):
    """The supervisor is at the talk no more, by no doing of his."""

    kind: Literal["monitor_ended"] = "monitor_ended"
    sentence: str
