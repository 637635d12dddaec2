"""Web callbacks: the pages of customers on which a number can be left, and by which rules it is called.

One record a page (or family of pages) that carries the tag. Not here: what a visitor sees (`cti/web/callback`), the
queue's own attempts and hours (`cti.config.queues.Callback`).
"""

from typing import Annotated, Final, Self

from pydantic import Field, PlainValidator, model_validator

from cti.config.chat import Colour, Origin
from cti.config.hours import Span, a_span
from cti.config.names import QueueName
from cti.config.record import Record
from cti.config.words import Language, Words

MOST_TIMES: Final = 3000
"""That a page may offer: each is looked at for each visitor."""
_DAY_MIN: Final = 1440


class CallbackPage(Record):
    """A page on which one may ask to be called. Its key is public: it stands in the page's tag."""

    key: str
    name: Words
    """What stands above the form."""
    queue: QueueName
    origins: tuple[Origin, ...] = ()
    """Where the form may stand; besides, the centre's own address."""
    languages: tuple[Language, ...] = Field(default=(Language.EN, Language.RU), min_length=1)
    """The first is spoken where the page's own is none of them."""
    consent: Words | None = None
    """What one agrees to by asking: shown above the button."""
    calling_hours: Annotated[Span, PlainValidator(a_span)] = a_span("09:00-21:00")
    """Of the day where the number is at home; besides, the queue's own hours hold."""
    slot_min: int = Field(default=30, ge=5, le=240)
    """Length of the times that are offered."""
    per_slot: int = Field(default=4, ge=1, le=1000)
    """Callbacks promised for one of them."""
    days_ahead: int = Field(default=7, ge=1, le=60)
    per_address_hour: int = Field(default=20, ge=1, le=10_000)
    """What one network address may ask for."""
    per_number_day: int = Field(default=3, ge=1, le=100)
    """How often one number may be asked for."""
    least_s: int = Field(default=2, ge=0, le=60)
    """Nobody fills the form in faster."""
    work_bits: int = Field(default=0, ge=0, le=22)
    """How hard a sum the visitor's browser must do first; 0: none. Needs pages over https."""
    colour: Colour = "#0b6478"
    """Of the button; its words are white or black, whichever can be read."""

    @model_validator(mode="after")
    def _are_not_too_many(self) -> Self:
        if self.days_ahead * _DAY_MIN // self.slot_min > MOST_TIMES:
            raise ValueError(f"These are more than {MOST_TIMES} times: make 'slot_min' longer or 'days_ahead' fewer")
        return self

    def spoken(self, wished: str) -> Language:
        """The language for a page in `wished` (a `lang` attribute, such as `ru-RU`)."""
        code = wished.strip().lower().replace("_", "-").partition("-")[0]
        return Language(code) if code in self.languages else self.languages[0]
