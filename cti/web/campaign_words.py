"""The web's sentences on campaigns, in English and Russian: why nobody is dialled, and what to do about it."""

from collections.abc import Mapping
from typing import Final

from cti.ports.campaigns import Idle
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


def idle(why: Idle | None, language: str) -> str:
    """Why it dials nobody, with the next step; "" when it does."""
    if why is None:
        return ""
    english, russian = _IDLE[why]
    return russian if words.language_of(language) == "ru" else english
