"""A caller whose agent is done is asked how it was: questions one after the other, each answered by a key.

A wrong key or silence has the question asked once more; then it is thanked and ended. What was answered is kept after
each key, so a caller who hangs up in the middle has answered what he did. The engine is not needed. `ivr.call` calls.
"""

import logging
from collections.abc import Callable
from typing import Final

from cti.config import Centre, Language, Survey, SurveyQuestion
from cti.domain.ids import AgentId, ContactId, Milliseconds, QueueId
from cti.prompts import Own, Prompts, catalogue
from cti.surveys import Answers, is_named
from ivr.session import Session

log = logging.getLogger(__name__)

TRIES: Final = 2
"""How often a question is asked of one who does not answer it."""


def lead(
    session: Session,
    *,
    centre: Centre,
    prompts: Prompts,
    queue: str,
    language: Language,
    now_ms: Milliseconds,
    keep: Callable[[Answers], None],
) -> None:
    """Ask what callers of this queue are asked, thank, and hang up. Raises CallerGone when he leaves before."""
    contact, agent = session.env.get("agi_arg_1", ""), session.env.get("agi_arg_2", "")
    survey = centre.survey_of(queue)
    if survey is None or not is_named(contact, agent):
        session.hang_up()
        return
    given: dict[str, int] = {}

    def note(*, over: bool = False) -> None:
        answers = Answers(
            contact_id=ContactId(contact),
            agent_id=AgentId(agent),
            queue_id=QueueId(queue),
            at_ms=now_ms,
            given=dict(given),
            over=over,
        )
        try:
            keep(answers)
        except OSError as error:
            log.error("Answers cannot be kept: %s", error.strerror, extra={"action": "survey_lost"})

    note()
    try:
        for question in survey.questions:
            value = _asked(session, question, survey, prompts=prompts, centre=centre, language=language)
            if value is None:
                break
            given[question.key] = value
            note()
        thanks = prompts.sound(catalogue(centre)[Own.SURVEY_THANKS], language)
        session.say([thanks], limit_s=centre.limits.max_ivr_s)
    finally:
        note(over=True)
    session.hang_up()


def _asked(
    session: Session,
    question: SurveyQuestion,
    survey: Survey,
    *,
    prompts: Prompts,
    centre: Centre,
    language: Language,
) -> int | None:
    """The key; None when there was none that counts."""
    sound = prompts.sound(catalogue(centre)[question.prompt], language)
    for _ in range(TRIES):
        key = session.ask([sound], timeout_ms=survey.wait_s * 1000, limit_s=centre.limits.max_ivr_s)
        if key.isascii() and key.isdigit() and 1 <= int(key) <= question.most:
            return int(key)
    return None
