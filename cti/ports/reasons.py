"""Why contacts were decided on as they were. Implemented by `cti.review`; the web asks."""

from typing import Protocol

from cti.domain.audit.why import Story
from cti.domain.ids import ContactId


class Reasons(Protocol):
    """The journal, questioned beside the running engine."""

    async def story(self, contact_id: ContactId) -> Story | None:
        """Every decision on the contact, as the journal on disk tells it; None when it does not know the contact.

        May take seconds on a long journal, none of them the loop's. May be cancelled. Raises OutsideError when there
        is no answer within its deadline.
        """
