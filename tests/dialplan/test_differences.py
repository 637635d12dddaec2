"""What of a change a running centre cannot take up."""

from cti.dialplan import differences
from cti.ports.templates import Later, Restart


def test_a_new_desk_phone_exists_at_once_and_another_trunk_waits_for_the_engine() -> None:
    before = "desks: {d12: {name: Desk 12}}\ntrunks: {main: {codecs: [ulaw]}}"
    desk, trunk = before.replace("d12", "d14"), before.replace("ulaw", "alaw")
    assert differences.later({}, {}, centre_before=before, centre_after=desk) == ()
    waits = Later(needs=Restart.ENGINE, name="trunks")
    assert differences.later({}, {}, centre_before=before, centre_after=trunk) == (waits,)
