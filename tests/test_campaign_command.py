"""How `cti campaign show` words the people of a campaign."""

from typing import Any

from rich.console import Console

from cti.campaign import _standing


def _shown(**figures: int) -> str:
    counts = dict.fromkeys(
        (
            "ringing",
            "waiting",
            "in_line",
            "agents",
            "connected",
            "reserved",
            "talking",
            "wrapping_up",
            "abandoned",
            "live",
        ),
        0,
    )
    view: dict[str, Any] = {
        "name": "Spring",
        "mode": "progressive",
        "cap": 0.03,
        "window": "day",
        "figures": {**counts, "rate": 0.0, "dials_a_minute": 0.0, "answer_rate": None, "ends_ms": None, **figures},
        "rolling": {"answered": 0, "abandoned": 0},
        "progress": {
            **dict.fromkeys(("total", "new", "trying", "retry", "withdrawn", "barred"), 0),
            "done": {},
            "next_ms": None,
        },
    }
    console = Console(width=200, record=True, quiet=True)
    with console.capture() as told:
        console.quiet = False
        console.print(_standing(view))
    return told.get()


def test_who_stays_connected_is_told_apart_from_who_takes_a_call_now() -> None:
    told = _shown(agents=0, connected=3, talking=1)
    assert "0 ready for a call (0 of them kept for this campaign), 1 talking, 0 wrapping up" in told
    assert "3 have their phone connected throughout, ready or not" in told
