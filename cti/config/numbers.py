"""The centre's own numbers: what is dialled, and where it leads."""

from cti.config.flows import NumberAction
from cti.config.names import ProjectName
from cti.config.record import Record
from cti.config.words import Language, Words


class Number(Record):
    """A number of the centre."""

    key: str
    to: NumberAction
    project: ProjectName
    language: Language = Language.EN
    about: Words
