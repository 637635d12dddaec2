"""What a terminal is told of an outcome."""

from cti.dialplan import telling
from cti.ports.templates import Later, Outcome, Restart, Stage, StageDone


def test_a_refusal_is_told_once() -> None:
    why = "This cannot be taken up while all runs: trunks."
    told = list(
        telling.outcome(
            Outcome(kept=False, version=7, stages=(StageDone(stage=Stage.REFUSED, at_ms=0, words=why),), reason=why)
        )
    )
    assert "\n".join(told).count(why) == 1
    assert told[-1] == "Version 7 stays in force."


def test_a_restart_that_is_needed_is_told_with_how_it_is_done() -> None:
    waits = [Later(needs=Restart.ENGINE, name="mail"), Later(needs=Restart.ENGINE, name="chats")]
    told = "\n".join(telling.later(waits))
    assert told.count("`kill -9` its pid from `cti status`") == 1
    told = "\n".join(telling.later([Later(needs=Restart.ASTERISK, name="pjsip.conf")]))
    assert "start it again" in told
