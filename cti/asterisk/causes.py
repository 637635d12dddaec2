"""Why a leg ended, in the domain's words. Pure; called by `cti.asterisk.translate`.

Q.850 cause numbers as Asterisk reports them (include/asterisk/causes.h); PJSIP maps SIP answers onto them.
"""

from typing import Final

from cti.domain.ids import LegCause

SOFT_HANGUP_DEVICE: Final = 1
"""AST_SOFTHANGUP_DEV: the channel driver gave up (RTP time-out, dead transport), nobody hung up."""

_BY_Q850: Final = {
    0: LegCause.NO_ANSWER,  # an originate that ran out of time before the phone even rang
    1: LegCause.NO_SUCH_NUMBER,
    2: LegCause.NO_SUCH_NUMBER,
    3: LegCause.UNREACHABLE,
    16: LegCause.NORMAL,
    17: LegCause.BUSY,
    18: LegCause.NO_ANSWER,
    19: LegCause.NO_ANSWER,
    20: LegCause.UNREACHABLE,
    21: LegCause.REJECTED,
    22: LegCause.NO_SUCH_NUMBER,
    26: LegCause.NORMAL,
    27: LegCause.UNREACHABLE,
    28: LegCause.NO_SUCH_NUMBER,
    31: LegCause.NORMAL,
    34: LegCause.CONGESTION,
    38: LegCause.LOST,
    41: LegCause.LOST,
    42: LegCause.CONGESTION,
    44: LegCause.LOST,  # chan_pjsip after rtp_timeout
    52: LegCause.REJECTED,
    54: LegCause.REJECTED,
    58: LegCause.UNREACHABLE,
    102: LegCause.LOST,
}


def from_q850(cause: int) -> LegCause:
    """The domain's cause; a number not known here is congestion, as telephone exchanges treat it."""
    return _BY_Q850.get(cause, LegCause.CONGESTION)


def of_hangup_request(cause: int, *, soft: bool) -> LegCause:
    """Cause in a ChannelHangupRequest: when `soft`, the number is Asterisk's own flag, not Q.850.

    A caller who cancels before the answer may give no cause (0), or one that Q.850 has no word for (127).
    """
    if soft:
        return LegCause.LOST if cause == SOFT_HANGUP_DEVICE else LegCause.NORMAL
    if cause in (0, 127):
        return LegCause.NORMAL
    return from_q850(cause)
