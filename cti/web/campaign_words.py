"""The web's sentences on campaigns, in English and Russian: why nobody is dialled, and what to do about it."""

from collections.abc import Mapping
from typing import Final

from cti.ports.campaigns import Idle, RowError
from cti.web import words

_IDLE: Final[Mapping[Idle, tuple[str, str]]] = {
    Idle.CLOSED: (
        "The campaign is no longer in the centre file.",
        "Кампании больше нет в файле центра.",
    ),
    Idle.PAUSED: ("The campaign is paused. Start it to dial.", "Кампания приостановлена. Запустите её."),
    Idle.EMPTY: ("The list is empty. Import one.", "Список пуст. Загрузите список."),
    Idle.FINISHED: (
        "Every lead of the list is done. Import more, or withdraw the campaign.",
        "Все записи списка обработаны. Загрузите новые или завершите кампанию.",
    ),
    Idle.OUTSIDE_HOURS: (
        "It is no calling time where the callees live. Dialling goes on by itself when it is.",
        "У абонентов сейчас не время звонков. Обзвон продолжится сам, когда оно наступит.",
    ),
    Idle.NONE_DUE: (
        "Everybody left is to be tried again later. Dialling goes on by itself then.",
        "Всем оставшимся назначены повторные попытки позже. Обзвон продолжится сам.",
    ),
    Idle.BARRED: (
        "Everybody left is on the do-not-call list.",
        "Все оставшиеся внесены в список «не звонить».",
    ),
    Idle.NO_SWITCH: (
        "The telephone exchange does not answer. Dialling goes on when it is back.",
        "Телефонная станция не отвечает. Обзвон продолжится, когда она вернётся.",
    ),
    Idle.NO_DATABASE: (
        "The database does not answer, so nobody knows whom to call next. It is tried again.",
        "База данных не отвечает, поэтому неизвестно, кому звонить. Запрос повторяется.",
    ),
    Idle.NO_AGENTS: (
        "No agent of its queue is ready and connected. Agents turn on “Stay connected” and press Ready.",
        "Ни один оператор очереди не готов и не на связи. Операторам нужно включить «Оставаться на линии» и «Готов».",
    ),
    Idle.AGENTS_BUSY: (
        "All agents are busy, or callers wait for them. Dialling goes on when one is free.",
        "Все операторы заняты или нужны ждущим клиентам. Обзвон продолжится, когда кто-то освободится.",
    ),
    Idle.CAP: (
        "One more dial might break the cap on abandoned calls. Dialling goes on when an agent is free.",
        "Ещё один набор мог бы нарушить предел потерянных звонков. Обзвон продолжится, когда освободится оператор.",
    ),
}


_ROWS_IN_RUSSIAN: Final[Mapping[str, str]] = {
    "no_number": "нет номера",
    "bad_number": "такого номера не бывает: напишите его полностью с +, например +79165550001",
    "may_not_be_called": "на этот номер звонить нельзя: платный, или его страна не среди разрешённых",
    "twice": "уже есть в файле",
    "do_not_call": "в списке «не звонить»",
    "bad_language": "язык не en и не ru",
    "bad_tier": "уровень (tier) должен быть целым числом от 0 до 10",
    "bad_time": "not_before должно быть временем, например 2030-12-31 или 2030-12-31T09:00",
    "bad_zone": "zone должен быть часовым поясом, например Europe/Moscow",
    "too_long": "слишком длинное поле",
    "broken": "это не строка CSV, или полей больше, чем в заголовке",
}


def row_error(error: RowError, language: str) -> str:
    """Why a line of a list is not entered."""
    if words.language_of(language) == "ru":
        return _ROWS_IN_RUSSIAN.get(error.code, error.sentence)
    return error.sentence


def idle(why: Idle | None, language: str) -> str:
    """Why it dials nobody, with the next step; "" when it does."""
    if why is None:
        return ""
    english, russian = _IDLE[why]
    return russian if words.language_of(language) == "ru" else english
