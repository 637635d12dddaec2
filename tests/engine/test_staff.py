"""Everyone in the directory, while it changes."""

from cti.domain.ids import AgentId
from cti.engine.staff import Staff, enrolled
from cti.ports import Phone


def phone(extension: str, secret: str = "old") -> Phone:
    return Phone(agent_id=AgentId(f"u{extension}"), extension=extension, secret=secret)


def test_lines_that_are_made_one_after_another_are_made_as_they_are_by_then() -> None:
    staff = Staff(enrolled)
    staff.change([], [phone("101"), phone("102"), phone("103")])
    made = staff.phones()
    assert next(made) == phone("101")
    staff.change([], [phone("101"), phone("103", "new"), phone("104")])
    assert list(made) == [phone("103", "new")]
