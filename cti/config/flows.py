"""What a number, a menu's key or an hour leads to, as a type of fields: spelling and names checked.

Here: which actions are allowed where, and that what they name is there. Not here: the actions and how they are spelt
(`cti.actions`), doing them (`ivr.flow`, `cti.dialplan`). The records of the call flow use these types.
"""

from typing import Annotated

from pydantic import AfterValidator, PlainValidator, ValidationInfo

from cti import actions
from cti.config.names import known
from cti.config.words import Language


def _action(value: object, info: ValidationInfo) -> actions.Action:
    if isinstance(value, actions.Action):
        return value
    if not isinstance(value, str):
        raise ValueError(f"write {actions.SPELLINGS}")
    action = actions.parse(value)
    _check_action(action, info)
    return action


def _check_action(action: actions.Action, info: ValidationInfo) -> None:
    match action:
        case actions.ToMenu(key):
            known(key, "menus", info)
        case actions.ToQueue(key):
            known(key, "queues", info)
        case actions.ToHours(key):
            known(key, "hours", info)
        case actions.ChooseLanguage(code, then):
            if code not in list(Language):
                raise ValueError(f"there is no language {code!r}; there are: {', '.join(Language)}")
            if then is not None:
                _check_action(then, info)
        case _:
            pass


def _not_echo(action: actions.Action) -> actions.Action:
    if isinstance(action, actions.ToEcho):
        raise ValueError("'echo' is for numbers only")
    return action


def _of_a_number(action: actions.Action) -> actions.Action:
    if isinstance(action, actions.ToMenu | actions.ToQueue | actions.ToHours | actions.ToEcho):
        return action
    raise ValueError("a number leads to 'menu NAME', 'queue NAME', 'hours NAME' or 'echo'")


FlowAction = Annotated[actions.Action, PlainValidator(_action), AfterValidator(_not_echo)]
"""Where a menu's key or an hour leads: any action but `echo`."""
NumberAction = Annotated[actions.Action, PlainValidator(_action), AfterValidator(_of_a_number)]
"""Where a number leads: a menu, a queue, hours or `echo`."""
