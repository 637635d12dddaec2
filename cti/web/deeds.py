"""Lines of the audit in words: what somebody did, and the detail that stands beside it, in English and Russian.

Here: words for the codes that are kept. Not here: who writes them (`cti.store`, the routes). Pure; called by
`cti.web.administration`.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from cti.calling import No
from cti.ports import Deed

TITLES: Final[Mapping[str, tuple[str, str]]] = {
    "person_added": ("Entered a person", "Добавил человека"),
    "person_changed": ("Changed a person", "Изменил данные человека"),
    "password_set": ("Set a new password", "Задал новый пароль"),
    "pin_set": ("Set a PIN for desk phones", "Задал PIN для телефонов на рабочих местах"),
    "sip_secret_set": ("Renewed the password of the phones", "Сменил пароль телефонов"),
    "sessions_ended": ("Ended all sessions", "Завершил все сеансы"),
    "link_made": ("Made a one-time link to sign in", "Создал одноразовую ссылку для входа"),
    "code_put": ("Entered or changed a code", "Добавил или изменил код"),
    "set_not_ready": ("Set an agent not ready", "Перевёл оператора в «не готов»"),
    "priority_changed": ("Changed a contact's priority", "Изменил приоритет обращения"),
    "contact_moved": ("Moved a waiting contact to another queue", "Переместил ожидающее обращение в другую очередь"),
    "contact_taken_back": ("Took a contact back into its queue", "Вернул обращение в очередь"),
    "talk_monitored": ("Was at a talk", "Подключился к разговору"),
    "talk_left": ("Left a talk", "Вышел из разговора"),
    "set_ready": ("Set an agent ready", "Перевёл оператора в «готов»"),
    "signed_out": ("Signed an agent out", "Завершил смену оператора"),
    "called_for": ("Had a number called for an agent", "Заказал звонок от имени оператора"),
    "call_refused": ("Was refused a call", "Получил отказ в звонке"),
    "do_not_call_added": ("Entered numbers that are not to be called", "Внёс номера, на которые не звонят"),
    "do_not_call_removed": ("Let a number be called again", "Снова разрешил звонить на номер"),
    "campaign_started": ("Started a campaign", "Запустил кампанию"),
    "campaign_paused": ("Paused a campaign", "Приостановил кампанию"),
    "list_imported": ("Read a list into a campaign", "Загрузил список в кампанию"),
    "lead_withdrawn": ("Withdrew a lead from a campaign", "Снял контакт с кампании"),
    "list_withdrawn": ("Withdrew all leads of a campaign", "Снял с кампании весь список"),
    "results_exported": ("Exported a campaign's results", "Выгрузил результаты кампании"),
    "recording_played": ("Played a recording", "Прослушал запись"),
    "recording_downloaded": ("Saved a recording", "Сохранил запись"),
    "recording_erased": ("Erased a recording", "Стёр запись"),
    "conf_applied": ("Applied the configuration", "Применил конфигурацию"),
    "conf_rolled_back": ("Went back to an earlier configuration", "Вернул прежнюю конфигурацию"),
}
"""Each action that is kept. Who and of whom stand beside it."""

_REFUSED: Final[Mapping[str, tuple[str, str]]] = {
    No.COSTS_EXTRA: ("the number costs extra", "платный номер"),
    No.DENIED: ("such numbers are denied to the role", "роли запрещены такие номера"),
    No.COUNTRY: ("the country is not allowed", "страна не разрешена"),
    No.KIND: ("the kind of number is not allowed", "вид номера не разрешён"),
    No.UNKNOWN: ("no number begins so", "таких номеров не бывает"),
}
_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "listen": ("listened", "слушал"),
    "coach": ("coached the agent", "подсказывал оператору"),
    "barge": ("came in", "вступил в разговор"),
    "take_over": ("took over", "забрал разговор"),
    "agent": ("agent", "оператор"),
    "supervisor": ("supervisor", "супервизор"),
    "admin": ("admin", "администратор"),
    "active": ("active", "активен"),
    "inactive": ("inactive", "неактивен"),
    "active=True": ("in use", "используется"),
    "active=False": ("no longer in use", "больше не используется"),
    "every project": ("all projects", "все проекты"),
}
_KEYS: Final[Mapping[str, tuple[str, str]]] = {
    "ext": ("extension", "внутренний номер"),
    "projects": ("projects", "проекты"),
    "skills": ("skills", "навыки"),
    "site": ("site", "площадка"),
    "capacity": ("capacity", "профиль загрузки"),
}
_PERSON: Final = re.compile(
    r"(?P<role>\w+) (?P<state>active|inactive) ext=(?P<ext>\S*) projects=(?P<projects>\S*) skills=(?P<skills>.*?)"
    r"(?: site=(?P<site>\S*) capacity=(?P<capacity>\S*))?"
)


def title(deed: Deed, language: str) -> str:
    """What was done; an action without words by its code."""
    return _in(TITLES.get(deed.action, (deed.action, deed.action)), language)


def detail(deed: Deed, language: str) -> str:
    """The detail without codes; what somebody wrote himself is as he wrote it."""
    person = _PERSON.fullmatch(deed.detail) if deed.action in ("person_added", "person_changed") else None
    if person is not None:
        return ", ".join(_of_person(person.groupdict(), language))
    words = _REFUSED if deed.action == "call_refused" else _WORDS
    if deed.action in ("call_refused", "code_put", "talk_monitored", "do_not_call_added", "do_not_call_removed"):
        return _in(words.get(deed.detail, (deed.detail, deed.detail)), language)
    return deed.detail


def _of_person(found: Mapping[str, str | None], language: str) -> Iterator[str]:
    for key in ("role", "state"):
        value = found[key] or ""
        yield _in(_WORDS.get(value, (value, value)), language)
    for key, words in _KEYS.items():
        value = (found[key] or "").strip()
        if value not in ("", "-"):
            yield f"{_in(words, language)} {value.replace(',', ' ')}"


def _in(pair: tuple[str, str], language: str) -> str:
    return pair[1 if language == "ru" else 0]
