"""How the processes log: one line a decision on standard error, which the supervisor keeps in the home.

Fields given as `extra` follow the sentence as `key=value`. Callers' numbers and words are logged at DEBUG only, which
is off unless `TRIUNE_LOG=debug`. Called once by each process's start.
"""

import logging
import os
import time
from typing import Final

_STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class _Line(logging.Formatter):
    converter = staticmethod(time.gmtime)

    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record)
        extra = " ".join(f"{key}={value}" for key, value in vars(record).items() if key not in _STANDARD)
        return f"{line}  {extra}" if extra else line


def start() -> None:
    """Send every logger's INFO and worse to standard error, times in UTC."""
    handler = logging.StreamHandler()
    handler.setFormatter(_Line("%(asctime)s.%(msecs)03dZ %(levelname)s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%S"))
    debug = os.environ.get("TRIUNE_LOG", "").lower() == "debug"
    logging.basicConfig(level=logging.DEBUG if debug else logging.INFO, handlers=[handler], force=True)
    for chatty in ("httpx", "httpcore", "panoramisk", "websockets", "alembic", "uvicorn.error"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
