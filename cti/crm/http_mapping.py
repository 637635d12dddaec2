"""A CRM's answer as a card, by the admin's templates. Pure.

What comes is untrusted: it is cut to sane lengths, addresses that are none are left out, a link is http or https.
"""

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Final, Literal
from urllib.parse import urlsplit

from cti.config.crm import Crm, CrmContracts
from cti.crm import addresses
from cti.errors import RuleError
from cti.ports import Card, Contract, Detail
from cti.sandbox import Expression, Template

_TEXT: Final = 200
_LIST: Final = 20
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_MINOR: Final = 100


class Mapping:
    """One CRM's templates, compiled."""

    def __init__(self, crm: Crm, *, country: str) -> None:
        self._source = crm.key
        self._country = country
        self._found = Expression(crm.found)
        self._fields = {field: Template(text, lenient=True) for field, text in crm.fields.items()}
        self._contracts = _Contracts(crm.contracts) if crm.contracts is not None else None
        self._details = [
            (
                each.name,
                Template(each.value, lenient=True),
                Template(each.link, lenient=True, url=True) if each.link is not None else None,
            )
            for each in crm.details
        ]

    def card(self, data: object) -> Card | None:
        """The card; None when the answer tells of nobody. Raises RuleError when the answer is of another shape."""
        if not self._found.value(data=data):
            return None
        text = {field: _cut(template.render(data=data)) for field, template in self._fields.items() if field in _PLAIN}
        return Card(
            customer_id=0,
            name=text.get("name", ""),
            tier=text.get("tier", ""),
            language=text.get("language", "")[:2].lower(),
            phones=tuple(self._addresses("phones", data)),
            emails=tuple(self._addresses("emails", data)),
            contracts=self._contracts.read(data) if self._contracts is not None else (),
            past=(),
            source=self._source,
            details=tuple(self._lines(data)),
        )

    def _addresses(self, field: Literal["phones", "emails"], data: object) -> Iterator[str]:
        template = self._fields.get(field)
        given = re.split(r"[,;\n]", template.render(data=data)) if template is not None else []
        wanted = addresses.AddressKind.PHONE if field == "phones" else addresses.AddressKind.EMAIL
        for one in given[:_LIST]:
            try:
                address = addresses.normal(one[:_TEXT], country=self._country)
            except RuleError:
                continue
            if addresses.kind_of(address) is wanted:
                yield address

    def _lines(self, data: object) -> Iterator[Detail]:
        for name, value, link in self._details:
            text = _cut(value.render(data=data))
            if text:
                target = link.render(data=data) if link is not None else ""
                yield Detail(en=name.en, ru=name.ru, value=text, link=_web(target), source=self._source)


class _Contracts:
    def __init__(self, written: CrmContracts) -> None:
        self._each = Expression(written.each)
        names = ("number", "kind", "status", "balance", "currency", "ends_on")
        self._fields = {name: Template(getattr(written, name), lenient=True) for name in names}

    def read(self, data: object) -> tuple[Contract, ...]:
        items = self._each.value(data=data)
        rows = items[:_LIST] if isinstance(items, list) else []
        found = (self._contract(item, data) for item in rows)
        return tuple(contract for contract in found if contract.number)

    def _contract(self, item: object, data: object) -> Contract:
        text = {name: _cut(template.render(item=item, data=data)) for name, template in self._fields.items()}
        return Contract(
            number=text["number"],
            kind=text["kind"],
            status=text["status"],
            balance_minor=_minor(text["balance"]),
            currency=text["currency"] if _CURRENCY.fullmatch(text["currency"]) else "",
            ends_on=_date(text["ends_on"]),
        )


_PLAIN: Final = ("name", "tier", "language")


def _cut(text: str) -> str:
    """On one line, with what can be printed."""
    return "".join(letter if letter.isprintable() else " " for letter in text[:_TEXT]).strip()


def _minor(text: str) -> int:
    try:
        amount = Decimal(text.replace(",", ".").replace(" ", ""))
    except InvalidOperation:
        return 0
    return int(amount * _MINOR) if amount.is_finite() and abs(amount) < 10**12 else 0


def _date(text: str) -> str | None:
    try:
        return date.fromisoformat(text[:10]).isoformat()
    except ValueError:
        return None


def _web(link: str) -> str:
    try:
        return link if urlsplit(link).scheme in ("http", "https") and len(link) <= 2000 else ""
    except ValueError:
        return ""
