"""What every record of the centre file has in common.

The records themselves stand in the modules beside this one.
"""

from typing import ClassVar

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    """Root of the records: frozen, and a key that is not known is a mistake."""

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, extra="forbid")
