"""What each rule says, why it matters and how it is mended, in English and Russian.

Data only, and one look-up. The ids of the rules stand here and in docs/templates.md.
"""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from cti.dialplan.found import Found
from cti.ports.templates import Severity


class Rule(Struct, frozen=True, kw_only=True):
    """A rule's sentences, each in English and Russian."""

    severity: Severity
    says: Mapping[str, tuple[str, str]]
    """By case; `{name}` is filled in."""
    why: tuple[str, str]
    mend: tuple[str, str]


def _error(says: Mapping[str, tuple[str, str]], *, why: tuple[str, str], mend: tuple[str, str]) -> Rule:
    return Rule(severity=Severity.ERROR, says=says, why=why, mend=mend)


def _warning(says: Mapping[str, tuple[str, str]], *, why: tuple[str, str], mend: tuple[str, str]) -> Rule:
    return Rule(severity=Severity.WARNING, says=says, why=why, mend=mend)


RULES: Final[Mapping[str, Rule]] = {
    "template": _error(
        {"": ("{words}", "{words}")},
        why=("A template that cannot be rendered gives no dialplan.", "Из шаблона с ошибкой диалплан не получится."),
        mend=("Mend the line named; every name must be defined.", "Исправьте указанную строку; все имена должны быть определены."),
    ),
    "centre-file": _error(
        {"": ("{words}", "{words}")},
        why=("The centre file has a mistake: nothing is made of it.", "В файле центра ошибка: он не применяется."),
        mend=("See docs/centre-file.md for this key.", "См. docs/centre-file.md об этом ключе."),
    ),
    "not-yaml": _error(
        {"": ("{words}", "{words}")},
        why=("The centre file cannot be read: nothing is made of it.", "Файл центра не читается: он не применяется."),
        mend=("Look at that line and the one before it: indents, colons, quotes.", "Проверьте эту строку и предыдущую: отступы, двоеточия, кавычки."),
    ),
    "doubt": _warning(
        {"": ("{words}", "{words}")},
        why=("It can come into force, but hardly does what was meant.", "Применить можно, но вряд ли это то, что задумано."),
        mend=("Change or drop what is named.", "Измените или уберите указанное."),
    ),
    "syntax": _error(
        {"": ("Asterisk would not read this line as it was meant: {words}", "Asterisk прочтёт эту строку не так: {words}")},
        why=("A line skipped shifts every step behind it.", "Пропущенная строка сдвигает все следующие шаги."),
        mend=("Write `exten => NUMBER,1,Application(arguments)` or ` same => n,…`.", "Пишите `exten => НОМЕР,1,Приложение(аргументы)` или ` same => n,…`."),
    ),
    "file-include": _error(
        {"": ("{words}", "{words}")},
        why=("A file outside the templates is neither checked nor versioned, and may be any file.", "Файл вне шаблонов не проверяется и не хранится, и это может быть любой файл."),
        mend=("Make it a template and use {% include %}.", "Сделайте из него шаблон и используйте {% include %}."),
    ),
    "duplicate": _error(
        {"": ("{words}", "{words}"), "number": ("{exten} stands in {context} twice", "{exten} стоит в {context} дважды")},
        why=("Asterisk keeps one of the two and drops the other without a word.", "Asterisk оставит одно, а другое молча отбросит."),
        mend=("Keep one; give labels and numbers different names.", "Оставьте одно; дайте меткам и номерам разные имена."),
    ),
    "unknown-application": _error(
        {
            "": ("there is no application {name}", "приложения {name} нет"),
            "module": ("{name} comes with the module {module}, which is not loaded", "{name} — из модуля {module}, он не загружен"),
        },
        why=("A call that comes here is hung up.", "Звонок, дошедший сюда, оборвётся."),
        mend=("Mind the spelling, or use another application.", "Проверьте написание или возьмите другое приложение."),
    ),
    "unknown-function": _error(
        {
            "": ("there is no function {name}", "функции {name} нет"),
            "module": ("{name} comes with the module {module}, which is not loaded", "{name} — из модуля {module}, он не загружен"),
        },
        why=("An unknown function is an empty text during a call.", "Неизвестная функция во время звонка — пустой текст."),
        mend=("Mind the spelling, or use another function.", "Проверьте написание или возьмите другую функцию."),
    ),
    "missing-target": _error(
        {
            "": ("there is no context {context!r}", "контекста {context!r} нет"),
            "exten": ("{context} has no extension for {exten!r}", "в {context} нет номера {exten!r}"),
            "place": ("{exten} in {context} has neither priority nor label {place!r}", "у {exten} в {context} нет ни приоритета, ни метки {place!r}"),
            "include": ("the included context {context!r} is not there", "включаемого контекста {context!r} нет"),
        },
        why=("A call that is sent there is hung up.", "Звонок, отправленный туда, оборвётся."),
        mend=("Name a place that is there, or make it.", "Назовите существующее место или создайте его."),
    ),
    "dynamic-target": _error(
        {"": ("the context {context!r} is known only during a call", "контекст {context!r} известен лишь во время звонка")},
        why=("It can be neither checked nor kept for running calls; a variable may lead anywhere.", "Его нельзя ни проверить, ни сохранить для идущих звонков; переменная может увести куда угодно."),
        mend=("Write the context out; branch with GotoIf.", "Напишите контекст прямо; ветвите через GotoIf."),
    ),
    "unreachable": _warning(
        {
            "": ("nothing leads to the context {context}", "ничто не ведёт в контекст {context}"),
            "exten": ("nothing leads to {exten} in {context}", "ничто не ведёт к {exten} в {context}"),
            "step": ("no call comes to this step", "ни один звонок не дойдёт до этого шага"),
        },
        why=("What is never reached is a mistake, or only in the way.", "Недостижимое — ошибка или мусор."),
        mend=("Lead something there, or drop it.", "Приведите туда что-нибудь или уберите."),
    ),
    "endless-loop": _error(
        {"": ("these steps lead only to each other and wait for nothing", "эти шаги ведут только друг к другу и ничего не ждут")},
        why=("One call would take a whole processor, and never end.", "Один звонок займёт весь процессор и не кончится."),
        mend=("Leave the circle on a condition, or wait and count in it.", "Выходите из круга по условию либо ждите и считайте в нём."),
    ),
    "no-time-limit": _error(
        {
            "": ("{app} can be reached with no TIMEOUT(absolute) set", "до {app} можно дойти без TIMEOUT(absolute)"),
            "circle": ("this circle has no exit, and no TIMEOUT(absolute) is set on the way to it", "у этого круга нет выхода, а TIMEOUT(absolute) по пути не задан"),
        },
        why=("A lost BYE leaves a call that lasts, and costs, for ever.", "Потерянный BYE оставит вечный (и платный) звонок."),
        mend=("Set(TIMEOUT(absolute)=seconds) before it, on every way.", "Set(TIMEOUT(absolute)=секунды) перед ним, на каждом пути."),
    ),
    "no-failure-path": _error(
        {
            "": ("nothing asks {variable} after {app}", "после {app} никто не спрашивает {variable}"),
            "last": ("nothing follows {app}", "после {app} ничего нет"),
        },
        why=("While that part is away, callers would be hung up on.", "Пока та часть не отвечает, звонки обрывались бы."),
        mend=("Ask {variable} in a GotoIf and lead on to a queue.", "Спросите {variable} в GotoIf и ведите дальше, в очередь."),
    ),
    "falls-off": _warning(
        {"": ("{exten} in {context} ends without Hangup or Goto", "{exten} в {context} кончается без Hangup и Goto")},
        why=("Asterisk then hangs up with a cause of its own choice.", "Asterisk положит трубку с причиной по своему усмотрению."),
        mend=("End with Hangup(cause).", "Закончите Hangup(причина)."),
    ),
    "undefined-prompt": _error(
        {"": ("there is no sound {name!r}", "звука {name!r} нет")},
        why=("The caller hears nothing there.", "Звонящий ничего не услышит."),
        mend=("Name a sound of Asterisk's, or the path of a file without its ending.", "Назовите звук Asterisk или путь к файлу без окончания."),
    ),
    "undefined-queue": _error(
        {"": ("there is no static queue {name!r}", "статической очереди {name!r} нет")},
        why=("Queue() fails at once, and the caller with it.", "Queue() сразу откажет, и звонящий с ней."),
        mend=("Name one of the centre file's queues by v.fallback_queue(key).", "Назовите очередь файла центра: v.fallback_queue(key)."),
    ),
    "undefined-menu": _error(
        {"": ("the centre file has no {kind} {name!r}", "в файле центра нет {kind} {name!r}")},
        why=("The IVR would send the caller straight to the operator.", "IVR отправит звонящего прямо к оператору."),
        mend=("Name a menu or hours of the centre file.", "Назовите меню или часы из файла центра."),
    ),
    "missing-music": _error(
        {"": ("there is no music class {name!r}", "класса музыки {name!r} нет")},
        why=("Those who wait would hear silence, and leave.", "Ждущие услышат тишину и уйдут."),
        mend=("Name a class of musiconhold.conf: `default`, or the music of a queue.", "Назовите класс из musiconhold.conf: `default` или музыку очереди."),
    ),
    "undefined-variable": _error(
        {"": ("{name} is used and set nowhere", "{name} используется, но нигде не задана")},
        why=("It is always empty: conditions and numbers come out wrong.", "Она всегда пуста: условия и номера будут неверны."),
        mend=("Set it before, or mind the spelling.", "Задайте её раньше или проверьте написание."),
    ),
    "overlap": _warning(
        {"": ("{number} fits both {one} and {other}", "{number} подходит и {one}, и {other}")},
        why=("Which of the two takes it is easily guessed wrong.", "Легко ошибиться, какой из двух его возьмёт."),
        mend=("Make one pattern a part of the other, or keep them apart.", "Сделайте один шаблон частью другого или разведите их."),
    ),
    "catch-all": _error(
        {"": ("{name} takes everything, {special} among it", "{name} берёт всё, в том числе {special}")},
        why=("Asterisk's own extensions (h, i, t, T) then lead there too: a hung-up call begins anew.", "Служебные номера Asterisk (h, i, t, T) тоже попадут туда: законченный звонок начнётся снова."),
        mend=("Say what it may begin with: _[+0-9*#]! or _X.", "Укажите, с чего он начинается: _[+0-9*#]! или _X."),
    ),
    "toll-fraud": _error(
        {
            "": ("from {entry} a caller can have {expression} dialled outside", "из {entry} звонящий может набрать наружу {expression}"),
            "include": ("{entry} includes {context}, which dials outside", "{entry} включает {context}, а тот звонит наружу"),
        },
        why=("Strangers would call dear numbers at the centre's cost, at night.", "Чужие ночью будут звонить на дорогие номера за счёт центра."),
        mend=("Dial written-out numbers only, from `destinations`; agents call through the desktop.", "Набирайте только написанные номера, из `destinations`; операторы звонят из рабочего места."),
    ),
    "forwards-outside": _warning(
        {"": ("calls from {entry} are forwarded to {number}", "звонки из {entry} уходят на {number}")},
        why=("Each costs the centre a second call, whoever it is that calls.", "Каждый стоит центру второго звонка, кто бы ни звонил."),
        mend=("Use a destination of the centre file, if it is not meant so.", "Если это не нужно — задайте место в файле центра."),
    ),
    "unfiltered": _error(
        {"": ("{expression} gets into {app} as the caller wrote it", "{expression} попадает в {app} как написал звонящий")},
        why=("A comma or a bracket in a caller's name or number becomes an instruction.", "Запятая или скобка в имени или номере звонящего становится командой."),
        mend=("Wrap it: ${{FILTER(+0-9,{expression})}}.", "Оберните: ${{FILTER(+0-9,{expression})}}."),
    ),
    "dangerous": _error(
        {
            "program": ("{name} starts a program", "{name} запускает программу"),
            "opens": ("{name} opens channels by what a caller says", "{name} открывает каналы по слову звонящего"),
            "agi": ("{name} asks an AGI service other than ours on this machine", "{name} обращается не к нашей службе AGI на этой машине"),
            "function": ("{name} runs or reads what its argument says", "{name} исполняет или читает то, что в аргументе"),
            "switch": ("switch => {name} brings in a dialplan that nobody has checked", "switch => {name} вносит непроверенный диалплан"),
            "record": ("MixMonitor would start {name}", "MixMonitor запустил бы {name}"),
        },
        why=("A caller's text could become a command of the machine, or listen in on others.", "Текст звонящего может стать командой машины или подслушать других."),
        mend=("Leave it to the engine and the IVR.", "Оставьте это движку и IVR."),
    ),
    "missing-entry": _error(
        {
            "": ("the context {context} is missing", "нет контекста {context}"),
            "exten": ("{context} has no extension {exten}", "в {context} нет номера {exten}"),
            "probe": ("the probe does not reach Stasis({application},{argument},{version})", "проба не доходит до Stasis({application},{argument},{version})"),
        },
        why=("The engine, the carrier or the phones send calls there.", "Туда шлют звонки движок, оператор связи или телефоны."),
        mend=("Take the shipped template as the model.", "Возьмите за образец поставляемый шаблон."),
    ),
    "number-lost": _error(
        {
            "": ("{number} of the centre file leads nowhere", "{number} из файла центра никуда не ведёт"),
        },
        why=("Who calls it hears that there is no such number.", "Позвонивший услышит, что такого номера нет."),
        mend=("Give it an extension in from-trunk that ends in a queue, the IVR or a word.", "Дайте ему место в from-trunk, которое кончается очередью, IVR или словом."),
    ),
}  # fmt: skip
# ruff: noqa: E501 - the sentences stand one a line, however long they are


def sentences(one: Found, language: str) -> tuple[str, str, str]:
    """The problem, why it matters and how it is mended."""
    rule = RULES[one.rule]
    index = 1 if language == "ru" else 0
    values = dict(one.values)
    says = rule.says.get(one.case) or next(iter(rule.says.values()))
    mend = rule.mend[index]
    return (
        says[index].format_map(_Given(values)),
        rule.why[index],
        mend.format_map(_Given(values)) if "{" in mend and "%" not in mend else mend,
    )


class _Given(dict[str, str]):
    """A value that a rule did not give stays as its name."""

    def __missing__(self, key: str) -> str:
        return key
