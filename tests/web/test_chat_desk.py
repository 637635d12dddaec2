"""Chats on agents' pages, while the engine is just starting."""

from typing import cast

from cti.domain.ids import ContactId
from cti.ports.chat import Phase, Presence, Side, Standing
from cti.web import presence
from cti.web.chat_desk import ChatDesk
from cti.web.roster import Roster


def test_chats_that_are_taken_up_before_pages_are_let_in_are_pushed_to_nobody() -> None:
    desk = ChatDesk(presence=presence.Presence(), roster=cast(Roster, None))
    desk.typing(ContactId("c1"), Side.VISITOR)
    desk.stands(ContactId("c1"), Standing(phase=Phase.WAITING, presence=Presence.AWAY))
