"""Whose calls are answered, and where the agents sit: projects and sites."""

from collections.abc import Mapping

from pydantic import Field

from cti.config.names import Key, QueueName, TimeZone
from cti.config.record import Record
from cti.config.recording import OfProject
from cti.config.surveys import Survey
from cti.config.words import Words


class Project(Record):
    """A client company: owns numbers, queues, dispositions and reasons for not being ready."""

    key: str
    name: Words
    operator: QueueName
    """Where `operator` leads, and every caller whose IVR is down."""
    dispositions: Mapping[Key, Words] = Field(min_length=1)
    not_ready_reasons: Mapping[Key, Words] = Field(min_length=1)
    survey: Survey | None = None
    """Of its queues that have none of their own."""
    recording: OfProject = False
    """Of the talks in its queues that say nothing else."""


class Site(Record):
    """A place with agents."""

    key: str
    name: Words
    tz: TimeZone
