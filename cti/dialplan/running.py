"""A running centre asked from the command line: its engine brings versions into force, nobody else.

Here: whether there is one, and the two requests. Blocks. Called by `cti.dialplan.commands`.
"""

import getpass
import socket
from collections.abc import Mapping
from typing import Any, Final

import httpx
import msgspec

from cti.errors import ConfigError, OutsideError
from cti.home import Home, PortPlan
from cti.ports.templates import Outcome

LIMIT_S: Final = 120.0


def is_running(home: Home) -> bool:
    """Whether this home's Asterisk runs: then its dialplan may not be changed behind the engine's back."""
    try:
        with socket.create_connection((PortPlan.CENTRE_ADDRESS, home.ports.ami), timeout=2):
            return True
    except OSError:
        return False


def apply(home: Home, *, reason: str, later: bool) -> Outcome:
    """Have the engine apply the drafts. Raises ConfigError, OutsideError."""
    return _ask(home, "apply", {"reason": reason, "later": later})


def rollback(home: Home, *, version: int, reason: str) -> Outcome:
    """Have the engine go back to a version. Raises ConfigError, OutsideError."""
    return _ask(home, "rollback", {"version": version, "reason": reason})


def _ask(home: Home, act: str, body: Mapping[str, object]) -> Outcome:
    # The certificate is our own process's on this machine, whatever name it bears.
    url = f"{home.web_here}/api/v1/conf/command/{act}"
    try:
        with httpx.Client(verify=False, trust_env=False, timeout=LIMIT_S) as client:  # noqa: S501 - as said
            answer = client.post(
                url, json={"author": person(), **body}, headers={"X-Triune-Token": home.secrets.engine_token}
            )
    except httpx.TransportError as error:
        raise OutsideError(
            "Asterisk runs, but the engine does not answer: it brings versions into force. Wait until it is back."
        ) from error
    if answer.is_success:
        return msgspec.json.decode(answer.content, type=Outcome)
    problem: Any = answer.json() if answer.headers.get("content-type", "").startswith("application/json") else {}
    raise ConfigError(str(problem.get("sentence") or f"The engine answered {answer.status_code}."))


def person() -> str:
    """Who sits at this terminal."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "system"
