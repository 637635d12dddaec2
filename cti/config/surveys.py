"""What callers are asked after a talk, by keys. Who is led there is the ACD's; who asks is `ivr.survey`."""

from typing import Self

from pydantic import Field, model_validator

from cti.config.names import Key, PromptName
from cti.config.record import Record

MOST_QUESTIONS = 10


class SurveyQuestion(Record):
    """One question, answered by a key from 1 to `most`."""

    key: Key
    """What answers are counted under; the same key in two queues is the same question."""
    prompt: PromptName
    most: int = Field(default=5, ge=2, le=9)


class Survey(Record):
    """Asked of callers who stay on the line when their agent ends the talk."""

    questions: tuple[SurveyQuestion, ...] = Field(min_length=1, max_length=MOST_QUESTIONS)
    share_percent: int = Field(default=100, ge=0, le=100)
    """How many of those callers are asked."""
    wait_s: int = Field(default=5, ge=1, le=30)
    """How long a key is waited for."""

    @model_validator(mode="after")
    def _asks_each_once(self) -> Self:
        keys = [question.key for question in self.questions]
        if len(set(keys)) < len(keys):
            raise ValueError("each question has a key of its own")
        return self
