"""Entries of the journal ⇄ rows: the JSON of events and facts, and the lift of what older versions wrote.

Pure. Called by `cti.store.journal` in its writer thread and when it reads; nothing else knows the stored shape. A
record is stored as its class's name beside its fields: a class may move between modules, but not change its name
without a lift.
"""

import json
import types
from typing import Any, Final, get_args

import msgspec

from cti.domain import events
from cti.domain.events import Event
from cti.domain.facts import Fact
from cti.domain.ids import TimerId
from cti.errors import ConfigError
from cti.ports import Entry

UNWRITABLE: Final = "unwritable"
"""`refused` of an entry that stands for another."""
_LARGEST: Final = 2**63 - 1
"""SQLite's greatest integer."""

Row = tuple[int, int, str, int, str, str, str | None]
"""number, at_ms, kind, version, event, facts, refused: the order of the table's columns."""


def _decoders(union: types.UnionType) -> dict[str, msgspec.json.Decoder[Any]]:
    return {kind.__name__: msgspec.json.Decoder(kind) for kind in get_args(union)}


_EVENTS: Final = _decoders(Event)
_FACTS: Final = _decoders(Fact)
_FACT_LIST: Final = msgspec.json.Decoder(list[tuple[str, msgspec.Raw]])
_ENCODER: Final = msgspec.json.Encoder()


def encode(entry: Entry) -> Row:
    """The entry as its row. Never fails on text: what UTF-8 cannot hold becomes `?`."""
    named = [(type(fact).__name__, fact) for fact in entry.facts]
    try:
        event, facts = _ENCODER.encode(entry.event), _ENCODER.encode(named)
    except UnicodeEncodeError:
        event, facts = (
            _mended(msgspec.to_builtins(entry.event)),
            _mended([(name, msgspec.to_builtins(fact)) for name, fact in named]),
        )
    refused = None if entry.refused is None else entry.refused.encode(errors="replace").decode()
    kind = type(entry.event).__name__
    return entry.number, entry.at_ms, kind, events.VERSION, event.decode(), facts.decode(), refused


def stub(entry: Entry) -> Row:
    """What stands for an entry that cannot be written, so that its number is kept: a refused event that means nothing.

    Its facts are lost; the log has said so. Never fails.
    """
    return stub_of(entry.number, entry.at_ms)


def stub_of(number: int, at_ms: int) -> Row:
    """As `stub`, for the entry with this number."""
    at_ms = at_ms if abs(at_ms) <= _LARGEST else 0
    event = _ENCODER.encode(events.TimerFired(timer_id=TimerId("unwritable"))).decode()
    return number, at_ms, events.TimerFired.__name__, events.VERSION, event, "[]", UNWRITABLE


def decode(row: Row) -> Entry:
    """The row as its entry. Raises ConfigError when a later version of Triune wrote it, or nobody could have."""
    number, at_ms, kind, version, event, facts, refused = row
    try:
        return Entry(
            number=number,
            at_ms=at_ms,
            event=_record(_EVENTS, kind, version, event.encode()),
            facts=tuple(_record(_FACTS, name, version, bytes(body)) for name, body in _FACT_LIST.decode(facts)),
            refused=refused,
        )
    except (KeyError, msgspec.DecodeError) as error:
        raise ConfigError(
            f"Entry {number} of the journal ({kind}, version {version}) cannot be read by this Triune, which writes "
            f"version {events.VERSION}: {error}. Start the version that wrote it, or a later one."
        ) from error


def lift(kind: str, version: int, body: bytes) -> tuple[str, bytes]:
    """Name and fields of an event or fact of an older version, as the present version would have written them.

    Fields with a default need no lift. `version` is the one stored with the row, for the event and its facts alike.
    """
    del version
    return kind, body


def _record(decoders: dict[str, msgspec.json.Decoder[Any]], kind: str, version: int, body: bytes) -> Any:
    if version != events.VERSION:
        kind, body = lift(kind, version, body)
    return decoders[kind].decode(body)


def _mended(value: object) -> bytes:
    return json.dumps(msgspec.to_builtins(value), ensure_ascii=False, separators=(",", ":")).encode(errors="replace")
