"""Words that people read or hear, in every language: names and prompts.

Not here: names by which the file refers to itself (`cti.config.names`), the files that prompts become (`cti.prompts`).
"""

from enum import StrEnum
from typing import Annotated

from pydantic import StringConstraints

from cti.config.record import Record

Sentence = Annotated[str, StringConstraints(min_length=1, max_length=2000)]


class Language(StrEnum):
    """A language that callers may choose."""

    EN = "en"
    RU = "ru"


class Words(Record):
    """One name in every language."""

    en: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    ru: Annotated[str, StringConstraints(min_length=1, max_length=200)]

    def in_language(self, language: Language) -> str:
        """The name in that language."""
        return self.ru if language is Language.RU else self.en


class Prompt(Record):
    """What is said: a recorded file where there is one, else the text spoken by text to speech."""

    key: str
    en: Sentence
    ru: Sentence
    file: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]+(/[a-z0-9_]+)*$")] | None = None
    """Recorded file under `prompts/<language>/`, without its ending."""

    def text(self, language: Language) -> str:
        """The text in that language."""
        return self.ru if language is Language.RU else self.en
