"""One card of what several sources tell of a customer. Pure.

The centre's own base goes before those outside, those in the order of the centre file. A list holds what each of them
knows, once. Nothing is hidden: where two say different things, the other's stands among the details, with its source.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from cti.ports import Card, Detail

_NAMES: Final = {"name": ("Name", "Имя"), "tier": ("Tier", "Уровень"), "language": ("Language", "Язык")}


def merged(cards: Sequence[Card]) -> Card | None:
    """The card; None without any."""
    if not cards:
        return None
    card, *others = cards
    for other in others:
        card = _joined(card, other)
    return card


def _joined(card: Card, other: Card) -> Card:
    origins = dict(card.origins)
    phones = _added("phones", card.phones, other.phones, other.source, origins)
    emails = _added("emails", card.emails, other.emails, other.source, origins)
    numbers = {contract.number for contract in card.contracts}
    more = tuple(contract for contract in other.contracts if contract.number not in numbers)
    for place in range(len(card.contracts), len(card.contracts) + len(more)):
        origins[f"contracts.{place}"] = other.source
    plain = {field: getattr(card, field) for field in _NAMES}
    for field in _NAMES:
        if not plain[field] and getattr(other, field):
            plain[field], origins[field] = getattr(other, field), other.source
    return replace(
        card,
        **plain,
        phones=phones,
        emails=emails,
        contracts=(*card.contracts, *more),
        details=(*card.details, *_differing(plain, other), *other.details),
        origins=tuple(origins.items()),
    )


def _added(
    field: str, known: tuple[str, ...], told: tuple[str, ...], source: str, origins: dict[str, str]
) -> tuple[str, ...]:
    more = tuple(value for value in dict.fromkeys(told) if value not in known)
    for place in range(len(known), len(known) + len(more)):
        origins[f"{field}.{place}"] = source
    return (*known, *more)


def _differing(plain: dict[str, str], other: Card) -> Iterator[Detail]:
    for field, (en, ru) in _NAMES.items():
        value = getattr(other, field)
        if value and value.casefold() != plain[field].casefold():
            yield Detail(en=en, ru=ru, value=value, source=other.source)
