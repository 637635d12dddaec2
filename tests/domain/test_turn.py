"""A turn's own bookkeeping: the ids that it gives out."""

from cti.domain.state import State
from cti.domain.turn import Turn


def test_no_assignments_id_is_the_beginning_of_another_of_the_same_event() -> None:
    turn = Turn(State(), number=33, now=0)
    ids = [turn.new_assignment_id() for _ in range(12)]
    assert len(set(ids)) == 12
    assert not [(one, other) for one in ids for other in ids if one != other and other.startswith(one)]
