"""What is done with the legs of a talk: joined, parked with music, ended; the same for calls in, out and back.

An agent's line that is kept up is never hung up with a talk: it falls silent, and waits for the next. No rule about
when lives here. Called by `offers`, `callbacks`, `talks`, `transfers` and `campaigns`.
"""

from cti.domain.assignment import Assignment
from cti.domain.commands import DropBridge, EndLeg, HoldLeg, JoinLegs, QuietLine
from cti.domain.contact import Contact
from cti.domain.ids import BridgeId
from cti.domain.turn import Turn
from cti.variables import BRIDGE_PREFIX, SIDE_PREFIX


def bridge_of(contact: Contact) -> BridgeId:
    """The bridge of a contact's talk."""
    return BridgeId(f"{BRIDGE_PREFIX}{contact.id}")


def side_of(contact: Contact) -> BridgeId:
    """The bridge in which its agent talks to somebody aside."""
    return BridgeId(f"{SIDE_PREFIX}{contact.id}")


def join(turn: Turn, assignment: Assignment) -> None:
    """Have both sides hear each other; nothing while one of them is not there."""
    contact = turn.state.contact(assignment.contact_id)
    if contact.leg_id is None or contact.node is None or assignment.leg_id is None:
        return
    turn.do(
        JoinLegs(
            contact_id=contact.id,
            assignment_id=assignment.id,
            bridge_id=bridge_of(contact),
            node=contact.node,
            caller_leg=contact.leg_id,
            agent_leg=assignment.leg_id,
        )
    )


def hold(turn: Turn, contact: Contact) -> None:
    """Let the customer hear music."""
    assert contact.leg_id is not None
    assert contact.node is not None
    turn.do(HoldLeg(leg_id=contact.leg_id, bridge_id=bridge_of(contact), node=contact.node, queue_id=contact.queue_id))


def end_agents(turn: Turn, assignment: Assignment, contact: Contact) -> None:
    """Have the agent's leg, if there is one, hung up; a line that he wants to keep falls silent instead."""
    if assignment.leg_id is None or contact.node is None:
        return
    agent = turn.state.agent(assignment.agent_id)
    if agent.wants_line and agent.line_leg == assignment.leg_id:
        turn.do(QuietLine(leg_id=assignment.leg_id, node=contact.node, bridge_id=bridge_of(contact)))
    else:
        turn.do(EndLeg(leg_id=assignment.leg_id, node=contact.node))


def end_customers(turn: Turn, contact: Contact) -> None:
    """Have the customer's leg, if there is one, hung up."""
    if contact.leg_id is not None and contact.node is not None:
        turn.do(EndLeg(leg_id=contact.leg_id, node=contact.node))


def drop_bridge(turn: Turn, contact: Contact) -> None:
    """The talk is over."""
    if contact.node is not None:
        turn.do(DropBridge(bridge_id=bridge_of(contact), node=contact.node))
