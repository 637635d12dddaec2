"""What every record that the web sends or takes has in common. The records stand in `messages` and its neighbours."""

from typing import Final

from pydantic import BaseModel, ConfigDict

NO_NUL: Final = r"^[^\x00]*$"
"""PostgreSQL keeps no text with U+0000."""


class Message(BaseModel):
    """Root of the records: frozen, and an unknown field is a mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid")
