"""What may be asked of an agent, as an expression: `technical >= 5 and (billing or not site moscow)`.

Here: that an expression can be read and that what it names is there. Not here: its grammar and its meaning
(`cti.domain.requirement`). Queues and their steps use this type.
"""

from typing import Annotated

from pydantic import AfterValidator, ValidationInfo

from cti.config.names import known
from cti.domain import requirement
from cti.errors import RuleError


def _condition(text: str, info: ValidationInfo) -> str:
    try:
        found = requirement.parse(text)
    except RuleError as error:
        raise ValueError(f"{error} Write such as 'technical >= 5 and (billing or not site moscow)'") from error
    for kind, name in requirement.names(found):
        known(name, f"{kind}s", info)
    if found.text == "never":
        raise ValueError(f"{text!r} can never be met: no agent would be asked")
    return text


Condition = Annotated[str, AfterValidator(_condition)]
"""An expression; "" asks for nothing."""
