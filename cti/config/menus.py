"""What the IVR asks: menus, and the self-service about an account.

What becomes of the answers is `ivr.flow`'s.
"""

from collections.abc import Mapping

from pydantic import Field

from cti import actions
from cti.config.flows import FlowAction
from cti.config.names import MenuKey, PromptName
from cti.config.record import Record


class Menu(Record):
    """One menu of the IVR: says `greeting` once, then `prompt`, and waits for one key.

    A key that is not in `options` says `on_invalid`, silence says `on_silence`; each counts as a failed try, and after
    `tries` of them the caller goes where `after_tries` leads.
    """

    key: str
    greeting: PromptName | None = None
    prompt: PromptName
    options: Mapping[MenuKey, FlowAction] = Field(min_length=1)
    timeout_s: float = Field(default=5.0, ge=0.5, le=60)
    """Silence after the end of `prompt` that counts as a failed try."""
    tries: int = Field(default=3, ge=1, le=10)
    on_invalid: PromptName
    on_silence: PromptName
    after_tries: FlowAction = actions.ToOperator()


class Account(Record):
    """The self-service that asks for an account's number and PIN and tells its state; one for the centre.

    `state` may hold `{balance}`, `{tariff}` and `{number}`.
    """

    ask_number: PromptName
    ask_pin: PromptName
    on_wrong: PromptName
    """Said after a wrong number or PIN."""
    on_locked: PromptName
    """Said before the operator, after `tries` wrong ones or when the account's PIN is locked."""
    on_unavailable: PromptName
    """Said before the operator when the engine does not answer."""
    state: PromptName
    tries: int = Field(default=3, ge=1, le=10)
    number_digits: int = Field(default=6, ge=1, le=20)
    """Most digits asked for; `#` ends earlier."""
    pin_digits: int = Field(default=4, ge=1, le=12)
    timeout_s: float = Field(default=7.0, ge=1, le=60)
    then: FlowAction
