"""The hard cap on abandoned calls: what may be dialled whatever the prediction says.

Theory of operation
-------------------
For one campaign and one window (a day, a month, or all of the campaign):

    A   live answers that no agent took in time (abandoned; a callee who hangs up while he waits is one too)
    L   live answers that are decided: an agent has the callee, or he is abandoned
    n   dials that are not decided: ringing, with answering-machine detection at work, or answered and waiting
    F   free agents reserved for this campaign
    c   the cap, 0 ≤ c ≤ 1

One more may be dialled when    n + 1 ≤ F    or    A + max(0, n + 1 - F) ≤ c·(L + n + 1).

**Theorem.** If both parts of

    (I)   A ≤ c·L                    (II)   A + max(0, n - F) ≤ c·(L + n)

hold, then they hold after each of these, in whatever order they come:

1. *A dial.* (I) has no n. By the second half of the rule (II) for n + 1 is the rule itself; by the first half
   max(0, n + 1 - F) = 0, and A ≤ c·L ≤ c·(L + n + 1) by (I).
2. *Answered, and an agent takes the callee:* L + 1, n - 1, F - 1. L + n and n - F stay, so (II) stays; (I) is weaker.
3. *Answered, and abandoned:* A + 1, L + 1, n - 1, and F = 0, for else an agent had taken him. Before, (II) read
   A + n ≤ c·(L + n). Hence A + 1 ≤ c·(L + n) - (n - 1) ≤ c·(L + n) - c·(n - 1) = c·(L + 1), which is (I); and (II)
   after reads (A + 1) + (n - 1) ≤ c·((L + 1) + (n - 1)), the same as before.
4. *No answer, busy, or a machine:* n - 1. When n > F, the left of (II) falls by 1 and the right by c ≤ 1. When
   n ≤ F, (II) after reads A ≤ c·(L + n - 1), which follows from (I).
5. *An agent comes free or is reserved:* F + 1. The left of (II) does not grow.
6. *A reserved agent is given back* while `may_release` holds: it is (II) for F - 1.

A = L = n = 0 satisfies both, so A / L ≤ c after every answer of the window, the first included. (I) alone does not do:
that (II) is spent by abandons first and refused dials later costs nothing is step 3, where c ≤ 1 is what is needed.
Waiting callees are in n until they are decided, so the rate over L, or over L and those who wait, is never above c.

The first half of the rule adds nothing while (I) holds (step 1). It matters after a breach (below): the second half
alone would then forbid every dial, progressive ones too, and so the answers that bring the rate down again.

**What the caller must keep to.** F is a promise:

- An agent in F belongs to one campaign, and leaves F only by taking one of its callees, or when `may_release` says so
  (for every window with dials in flight): a pause, a sign-out, a call from a queue wait until then, at most as long as
  a dial rings. Whoever answers while an agent is in F gets him at once.
- A dial is in n from the decision to dial, before anything is sent, until its outcome is in the book; over a restart
  too. One whose outcome nobody can know any more is over when it cannot ring any longer.
- A dial counts in the window in which it was decided, and so does its outcome. At the edge of a tumbling window agents
  are owed to older dials first: a window counts as F what `not_owed` leaves, and its callee is given an agent only if
  that is above 0. Then each window has an F of its own that changes by these steps alone, and the proof holds in each:
  when an older dial is over, `not_owed` stays or grows; when an older callee is taken, F and the older dials fall by 1
  both, and it stays; when a callee of this window is taken, it was above 0, so the older dials had an agent each left.
  A rolling window forgets answers while abandons after them still count: it has no such proof. Report it, do not pace
  by it.
- Within a window L and A never fall.

**An agent who vanishes** (his phone is lost, he does not get the callee in time) is none of these steps: F - 1 with
nothing in return. No rule can undo that: with one agent, one dial and an empty book, his loss makes the first answer
an abandoned one, at A / L = 1, in progressive mode too. What holds is this. Count v, the agents who vanished while
n ≥ F. Pretend that each still stands in F and let him take the next callee whom nobody else takes; by the theorem the
abandoned of that pretence keep to the cap, and each pretended agent hides one. Hence A ≤ c·L + v: each lost agent costs
at most one abandoned call above the cap, and dials beyond the free agents stop until (I) and (II) hold again. Two
remedies make v smaller. `surplus` says how many ringing dials to give up at once: by step 4 the invariant is whole
again, if that many have not answered yet. And with `spare` agents left out of F when dialling, (II) holds for an F
that is so much smaller than the true one, and that many may vanish at a time with no breach at all.

Called by `cti.domain.pacing.prediction` and by the campaigns. Integers only.
"""

from typing import Final

from msgspec import Struct
from msgspec.structs import replace

ALL: Final = 10_000
"""Shares are counted in hundredths of a per cent: 300 is 3 %."""


class Book(Struct, frozen=True, kw_only=True, gc=False):
    """What became of one campaign's live answers in one window."""

    live: int = 0
    """L: an agent took the callee, or he is abandoned."""
    abandoned: int = 0
    """A: of these, abandoned."""


def answered(book: Book) -> Book:
    """After an agent took a callee."""
    return replace(book, live=book.live + 1)


def lost(book: Book) -> Book:
    """After a callee was abandoned: nobody took him in time, or he hung up while he waited."""
    return Book(live=book.live + 1, abandoned=book.abandoned + 1)


def may_dial(book: Book, *, in_flight: int, free: int, cap_permyriad: int) -> bool:
    """Is one more dial within the cap, whatever becomes of it and of all others?

    `in_flight`: n, with those who answered and wait. `free`: F. `cap_permyriad`: 0 to 10 000.
    """
    over = in_flight + 1 - free
    return over <= 0 or ALL * (book.abandoned + over) <= cap_permyriad * (book.live + in_flight + 1)


def may_release(book: Book, *, in_flight: int, free: int, cap_permyriad: int) -> bool:
    """May one reserved free agent leave the campaign now (a pause, another queue's call)?"""
    over = in_flight - (free - 1)
    return free > 0 and (over <= 0 or ALL * (book.abandoned + over) <= cap_permyriad * (book.live + in_flight))


def surplus(book: Book, *, in_flight: int, free: int, cap_permyriad: int) -> int:
    """How many ringing dials to give up so that the cap is safe again after an agent vanished; 0: it is safe.

    At most those beyond the free agents. The youngest are the least likely to answer before they are gone; one who does
    nevertheless is abandoned, so a dial stays in n until its end is known.
    """
    over = max(0, in_flight - free)
    for given_up in range(over):
        left = cap_permyriad * (book.live + in_flight - given_up)
        if ALL * (book.abandoned + over - given_up) <= left:
            return given_up
    return over


def not_owed(free: int, *, earlier: int) -> int:
    """Of the free agents, those not owed to undecided dials of earlier windows: F of the window at hand."""
    return max(0, free - earlier)
