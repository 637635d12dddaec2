"""What a scripted agent writes: an answer to a mail, a word in a chat. Called by `cti.demo.desk` for what he has taken.

Over the public API, as a page does. Not here: taking up and ending (`desk`), and what a customer writes.
"""

from collections.abc import Awaitable, Callable
from typing import Final, Literal

import httpx
import msgspec

from cti.demo.reading import Assignment

Ask = Callable[[str, str, object], Awaitable[httpx.Response]]
"""Method, path and body, as the agent. Raises OutsideError."""
ANSWER: Final = "Thank you for writing to us. It is done."
GREETING: Final = "Good day! What can I do for you?"


class AnswerDesk(msgspec.Struct, frozen=True):
    """How a mail can be answered."""

    account: str
    recipients: list[str]
    subject: str
    language: Literal["en", "ru"]


async def write(ask: Ask, assignment: Assignment) -> None:
    """Write what its medium calls for; told twice it is said once. Raises OutsideError."""
    match assignment.contact.medium:
        case "email":
            await _answer_mail(ask, assignment)
        case "chat":
            said = {"client_id": f"demo-{assignment.assignment_id}", "text": GREETING}
            await ask("POST", f"/chats/{assignment.contact.contact_id}/messages", said)
        case _:
            pass


async def _answer_mail(ask: Ask, assignment: Assignment) -> None:
    """A mail that came by no account of ours, say over the API, can be read only."""
    path = f"/assignments/{assignment.assignment_id}/answer"
    desk = msgspec.json.decode((await ask("GET", path, None)).content, type=AnswerDesk)
    if desk.account and desk.recipients:
        answer = {
            "key": f"demo-answer-{assignment.assignment_id}",
            "to": desk.recipients[0],
            "subject": desk.subject,
            "text": ANSWER,
            "language": desk.language,
        }
        await ask("POST", path, answer)
