"""The words of `telling`: each sentence in English and Russian, with the same {values}. No logic."""

from collections.abc import Mapping
from typing import Final

from cti.domain.ids import Medium

MEDIA: Final[Mapping[Medium, tuple[str, str]]] = {
    Medium.VOICE: ("call", "звонок"),
    Medium.CALLBACK: ("callback", "обратный звонок"),
    Medium.EMAIL: ("e-mail", "письмо"),
    Medium.CHAT: ("chat", "чат"),
    Medium.SMS: ("SMS", "SMS"),
    Medium.FAX: ("fax", "факс"),
    Medium.SOCIAL: ("social post", "сообщение из соцсети"),
    Medium.TASK: ("task", "задача"),
    Medium.VOICEMAIL: ("voice message", "голосовое сообщение"),
}
NOUNS: Final[Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "level": (("level", "levels"), ("уровень", "уровня", "уровней")),
    "point": (("point", "points"), ("балл", "балла", "баллов")),
    "time": (("time", "times"), ("раз", "раза", "раз")),
    "point_more": (("more point", "more points"), ("балл больше", "балла больше", "баллов больше")),
}
TEXTS: Final[Mapping[str, tuple[str, str]]] = {
    "chosen": (
        "{agent} was offered this {medium} of queue “{queue}” after {wait} of waiting: {reason}",
        "Обращение ({medium}, очередь «{queue}») после {wait} ожидания получил оператор {agent}: {reason}",
    ),
    "chosen_at_once": (
        "{agent} was offered this {medium} of queue “{queue}” at once: {reason}",
        "Обращение ({medium}, очередь «{queue}») сразу получил оператор {agent}: {reason}",
    ),
    "rule_asked": (
        "the agent asked for this call.",
        "оператор сам заказал этот звонок.",
    ),
    "rule_reserved": (
        "the agent was reserved for this campaign.",
        "оператор был зарезервирован за этой кампанией.",
    ),
    "rule_preferred": (
        "the contact's preferred agent was free.",
        "этот оператор назван в обращении предпочтительным и был свободен.",
    ),
    "rule_only_one": ("nobody else could take it.", "никто другой взять его не мог."),
    "rule_inner_ring": (
        "meets an earlier stage of the requirement; {other} only meets stage {ring}, as the steps relaxed it.",
        "соответствует более ранней ступени требований; {other} — только ступени {ring}, после ослабления.",
    ),
    "rule_best_fit": (
        "the skills fit best, {fit} levels in all against {theirs} of {other}.",
        "навыки подходят лучше всего: сумма уровней {fit} против {theirs} ({other}).",
    ),
    "rule_least_load": (
        "fits as well as {other} and has less in hand, {load} % against {theirs} %.",
        "навыки не хуже, чем у следующего ({other}), а загрузка меньше: {load} % против {theirs} %.",
    ),
    "rule_longest_idle": (
        "equal with {other} in skills and load, and idle for longer: {idle} against {theirs}.",
        "при равных навыках и загрузке дольше без обращений: {idle} против {theirs} ({other}).",
    ),
    "rule_lowest_id": (
        "equal with {other} in everything, so the order of enrolment decided.",
        "во всём наравне со следующим ({other}), решил порядок в списке.",
    ),
    "rule_unknown": (
        "by the rule “{rule}” of that day; the rules of today would not let this agent have it.",
        "по правилу «{rule}», действовавшему тогда; по нынешним правилам этот оператор взять его не мог.",
    ),
    "disagrees": (
        "Decided again by the rules of today, it would have gone otherwise.",
        "По нынешним правилам решение было бы другим.",
    ),
    "counts": (
        "Agents: {total}; with what it asks for: {capable} (ready: {ready}, with room: {free}).",
        "Операторов всего {total}, соответствуют требованиям {capable} (готовы: {ready}, могли взять: {free}).",
    ),
    "counts_lacking": ("The others: {parts}.", "Остальные: {parts}."),
    "other_project": ("{n} of other projects", "из других проектов — {n}"),
    "other_site": ("{n} of other sites", "с других площадок — {n}"),
    "lacks_skill": ("{n} without the skills", "без нужных навыков — {n}"),
    "score": ("Its place: worth {total} of waiting{parts}.", "Вес обращения: {total} ожидания{parts}."),
    "score_parts": (" ({parts})", " ({parts})"),
    "sum_seniority": ("{span} for its waiting", "{span} — за ожидание"),
    "sum_priority": ("{span} for {points} of priority", "{span} — за приоритет ({points})"),
    "sum_tier": ("{span} for the customer's tier", "{span} — за категорию клиента"),
    "sum_urgency": ("{span} because its service level was in danger", "{span} — за угрозу нарушить норматив"),
    "strict": (
        "Its queue is strict: it goes before all that are not.",
        "Её очередь строгая: она идёт раньше всех нестрогих.",
    ),
    "rival": (
        "Next for the same agent stood {other}, {gap} behind.",
        "Следующее для этого оператора — {other}, отставание {gap}.",
    ),
    "rival_not_strict": (
        "Next for the same agent stood {other}, which is not strict.",
        "Следующее для этого оператора — {other}, из нестрогой очереди.",
    ),
    "other": ("{contact} of queue “{queue}”", "{contact} (очередь «{queue}»)"),
    "hidden": ("a contact of another project", "обращение другого проекта"),
    "no_rival": ("Nothing else waited for the same agent.", "Других обращений для этого оператора не было."),
    "outcome_timed_out": (
        "The offer was not taken up within {after}: the contact went back to its place.",
        "За {after} предложение не принято: обращение вернулось на своё место.",
    ),
    "outcome_rejected": (
        "{agent} refused it after {after}: the contact went back to its place.",
        "Отказ через {after} ({agent}): обращение вернулось на своё место.",
    ),
    "outcome_rescinded": (
        "It was taken back after {after}: the customer or the agent left.",
        "Предложение отозвано через {after}: клиент или оператор ушёл.",
    ),
    "outcome_failed": (
        "The phone could not be rung; after {after} the contact went back to its place.",
        "До телефона оператора не дозвониться; через {after} обращение вернулось на своё место.",
    ),
    "had_levels": (
        "Had {agent} {levels} more in {skill}, {agent} would have got it.",
        "Будь у оператора {agent} навык «{skill}» выше на {levels}, предложили бы ему.",
    ),
    "had_skill": (
        "Had {agent} had {skill} at level {amount}, {agent} would have got it.",
        "Будь у оператора {agent} навык «{skill}» уровня {amount}, предложили бы ему.",
    ),
    "had_load": (
        "Had {agent} had {amount} % less in hand, {agent} would have got it.",
        "Будь загрузка оператора {agent} меньше на {amount} %, предложили бы ему.",
    ),
    "had_idle": (
        "Had {agent} been idle for {span} longer, {agent} would have got it.",
        "Будь оператор {agent} без обращений дольше на {span}, предложили бы ему.",
    ),
    "had_ready": (
        "Had {agent} been ready, {agent} would have got it.",
        "Будь оператор {agent} готов, предложили бы ему.",
    ),
    "had_free": (
        "Had {agent} been free, {agent} would have got it.",
        "Будь оператор {agent} свободен, предложили бы ему.",
    ),
    "had_site": (
        "Had the site of {agent} been asked, {agent} would have got it.",
        "Будь площадка оператора {agent} среди опрашиваемых, предложили бы ему.",
    ),
    "passed_by": (
        "While it waited, an agent who could have taken it was given another contact {times}.",
        "Пока обращение ждало, подходящему оператору предлагали другое {times}.",
    ),
    "missed": (
        "After {wait} of waiting {agent} was given {other} instead. It would have gone first {wishes}.",
        "Через {wait} ожидания оператор {agent} получил вместо него {other}. Оно прошло бы первым {wishes}.",
    ),
    "missed_hopeless": (
        "After {wait} of waiting {agent} was given {other} instead; no points of its own could have turned that.",
        "Через {wait} ожидания оператор {agent} получил вместо него {other}; никакие баллы этого не изменили бы.",
    ),
    "with_points": ("with {points} of priority", "с приоритетом на {points}"),
    "with_earlier": ("had it come {span} earlier", "при поступлении на {span} раньше"),
    "or": (", or ", " или "),
    "waits_asleep": (
        "It has waited for {waited} and sleeps: the customer is called again in {left}.",
        "Ждёт {waited} и отложено: следующая попытка перезвонить через {left}.",
    ),
    "waits_held": (
        "It has waited for {waited} and is kept for {agents}, for {left} more.",
        "Ждёт {waited} и ещё {left} придержано для: {agents}.",
    ),
    "waits_node_lost": (
        "It has waited for {waited}: the exchange that holds the call does not answer.",
        "Ждёт {waited}: станция, на которой стоит звонок, не отвечает.",
    ),
    "waits_nobody_in_project": (
        "It has waited for {waited}: no agent works for its project.",
        "Ждёт {waited}: в этом проекте нет ни одного оператора.",
    ),
    "waits_nobody_at_site": (
        "It has waited for {waited}: nobody belongs to the sites that are asked ({sites}).",
        "Ждёт {waited}: на опрашиваемых площадках ({sites}) нет операторов.",
    ),
    "waits_nobody_skilled": (
        "It has waited for {waited}: nobody has what it asks for ({asked}).",
        "Ждёт {waited}: ни у кого нет нужных навыков ({asked}).",
    ),
    "waits_nobody_ready": (
        "It has waited for {waited}: nobody who could take it is ready.",
        "Ждёт {waited}: никто из тех, кто мог бы его взять, не готов.",
    ),
    "waits_all_busy": (
        "It has waited for {waited}: everyone who could take it is busy, or has no phone or page to take it with.",
        "Ждёт {waited}: все, кто мог бы его взять, заняты либо без телефона или рабочей страницы.",
    ),
    "waits_next": (
        "It has waited for {waited} and is offered with the next event.",
        "Ждёт {waited} и будет предложено со следующим событием.",
    ),
    "wait_counts": (
        "Agents of the project: {members}; with what it asks for: {able} (ready: {ready}).",
        "Операторов в проекте {members}, соответствуют требованиям {able} (готовы: {ready}).",
    ),
    "ahead": ("Before it in its queue: {n}.", "Перед ним в очереди: {n}."),
    "next_step": (
        "Its queue's next step comes in {span}.",
        "Следующий шаг очереди — через {span}.",
    ),
    "line_closed": (
        "{contact}: {medium}, queue “{queue}”, closed as “{code}”.",
        "{contact}: {medium}, очередь «{queue}», закрыто с результатом «{code}».",
    ),
    "line_waiting": ("{contact}: {medium}, queue “{queue}”, waiting.", "{contact}: {medium}, очередь «{queue}», ждёт."),
    "line_in_hand": (
        "{contact}: {medium}, queue “{queue}”, in an agent's hands.",
        "{contact}: {medium}, очередь «{queue}», у оператора.",
    ),
    "term_seniority": ("Waiting", "Ожидание"),
    "term_priority": ("Priority", "Приоритет"),
    "term_tier": ("Customer's tier", "Категория клиента"),
    "term_urgency": ("Urgency", "Срочность"),
    "head_agent": ("agent", "оператор"),
    "head_ring": ("stage", "ступень"),
    "head_fit": ("fit", "навыки"),
    "head_load": ("load", "загрузка"),
    "head_idle": ("idle", "без обращений"),
    "head_obstacle": ("why not", "почему нет"),
    "is_preferred": ("preferred", "предпочтительный"),
    "obstacle_project": ("another project", "другой проект"),
    "obstacle_site": ("site not asked", "площадка не опрашивается"),
    "obstacle_skill": ("lacks the skills", "нет нужных навыков"),
    "obstacle_kept": ("kept for others", "придержано для других"),
    "obstacle_not_ready": ("not ready", "не готов"),
    "obstacle_no_room": ("no room", "занят"),
}
