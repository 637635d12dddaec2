"""The web's own sentences in the person's language: problems by code, and the words that views are made of.

Not here: the pages' words (`cti/web/ui`), names that the centre file holds (`cti.config.Words`), and sentences of the
core (`str(error)`), which are English and shown as they are unless their code stands here.
"""

from collections.abc import Mapping
from typing import Final

LANGUAGES: Final = ("en", "ru")
DEFAULT: Final = "en"

PROBLEMS: Final[Mapping[str, tuple[str, str]]] = {
    "not_signed_in": ("Sign in first.", "Сначала войдите в систему."),
    "wrong_password": (
        "Login or password is wrong. Check both and try again.",
        "Неверный логин или пароль. Проверьте их и попробуйте ещё раз.",
    ),
    "wrong_old_password": ("The old password is wrong.", "Старый пароль неверен."),
    "weak_password": (
        "Choose a password of at least {least} characters.",
        "Выберите пароль не короче {least} символов.",
    ),
    "link_used": (
        "This link was used already or is too old. Ask for a new one: cti user link.",
        "Ссылка уже использована или устарела. Попросите новую: cti user link.",
    ),
    "too_many_tries": (
        "Too many wrong tries. Wait {seconds} s and try again.",
        "Слишком много неверных попыток. Подождите {seconds} с и попробуйте снова.",
    ),
    "too_fast": (
        "Too many acts at once. Wait {seconds} s and try again.",
        "Слишком много действий сразу. Подождите {seconds} с и попробуйте снова.",
    ),
    "not_allowed": ("Your role does not permit this.", "Ваша роль этого не позволяет."),
    "not_found": (
        "There is no such thing (any more). Refresh the page.",
        "Этого нет (или уже нет). Обновите страницу.",
    ),
    "foreign_origin": (
        "The request came from another site's page. Open the desktop at its own address.",
        "Запрос пришёл со страницы другого сайта. Откройте рабочее место по его собственному адресу.",
    ),
    "too_large": ("The request is too large.", "Запрос слишком велик."),
    "invalid": ("Check these fields: {fields}.", "Проверьте поля: {fields}."),
    "method_not_allowed": ("This address does not take that method.", "Этот адрес не принимает такой метод."),
    "conf_busy": (
        "Another version is just being brought into force. Wait for it, then try again.",
        "Сейчас применяется другая версия. Дождитесь её и попробуйте снова.",
    ),
    "conf_stale": (
        "Somebody else has changed this text meanwhile. Copy yours, read the page again, then put both together.",
        "Этот текст тем временем изменил кто-то другой. Скопируйте свой, обновите страницу и объедините.",
    ),
    "conf_wrong": ("{words}", "{words}"),
    "no_extension": (
        "You have no extension, so you take no contacts. Ask an admin for one.",
        "У вас нет внутреннего номера, поэтому обращения к вам не приходят. Попросите номер у администратора.",
    ),
    "unknown_campaign": ("There is no such campaign in your projects.", "В ваших проектах нет такой кампании."),
    "campaign_closed": (
        "This campaign is no longer in the centre file.",
        "Этой кампании больше нет в файле центра.",
    ),
    "reserved": (
        "A campaign's customer may be put through to you any moment. Try again then.",
        "Вас в любой момент могут соединить с абонентом кампании. Попробуйте после этого.",
    ),
    "too_many_leads": (
        "Too many leads stand in line already. Wait until some are dialled.",
        "В очереди обзвона уже слишком много записей. Подождите, пока часть из них обработают.",
    ),
    "import_runs": (
        "A list is being read into this campaign already. Wait for its end.",
        "В эту кампанию уже загружается список. Дождитесь окончания.",
    ),
    "empty_list": ("The file is empty. Choose a CSV file with a heading.", "Файл пуст. Выберите CSV с заголовком."),
    "park_full": (
        "All places for parked calls are taken: put the call on hold instead.",
        "Все места для парковки заняты: поставьте звонок на удержание.",
    ),
    "park_gone": (
        "He is not parked any more: somebody has fetched him, or he hung up.",
        "Этот звонок больше не на парковке: его забрали, или клиент повесил трубку.",
    ),
    "park_busy": (
        "Finish what you have in hand before you fetch a call.",
        "Сначала завершите то, что у вас в работе, потом забирайте звонок.",
    ),
    "party_there": (
        "Somebody is with you already: let him in, hand the call over to him, or part from him first.",
        "С вами уже кто-то на связи: подключите его, передайте ему звонок или сначала отключите его.",
    ),
    "party_absent": ("There is nobody else on the line.", "Кроме вас на линии никого нет."),
    "party_full": ("No more than ten can talk together.", "Вместе могут говорить не больше десяти человек."),
    "party_nobody": ("Choose a person or a number.", "Выберите человека или номер."),
    "party_yourself": ("That is you: choose somebody else.", "Это вы: выберите кого-то другого."),
    "party_unreachable": (
        "His phone is not registered: choose somebody else.",
        "Его телефон не на связи: выберите другого.",
    ),
    "party_busy": ("He is busy: choose somebody else, or a queue.", "Он занят: выберите другого или очередь."),
    "party_not_ready": (
        "He is not ready: ask him first, or choose a queue.",
        "Он не готов принимать звонки: сначала спросите его или выберите очередь.",
    ),
    "agent_signed_out": (
        "He is signed out: only he himself can sign in.",
        "Он вышел из смены: войти может только он сам.",
    ),
    "agent_without_phone": (
        "His phone is not registered, so he cannot be made ready.",
        "Его телефон не на связи, поэтому сделать его готовым нельзя.",
    ),
    "party_supervisor": (
        "He is your supervisor: he leaves by himself.",
        "Это супервизор: он отключится сам.",
    ),
    "monitor_gone": ("Nobody listens to that talk any more.", "Этот разговор больше никто не слушает."),
    "monitor_no_phone": (
        "You have no phone of this centre: ask an admin for an extension.",
        "У вас нет телефона центра: попросите администратора назначить внутренний номер.",
    ),
    "monitor_phone_missing": (
        "Your phone is not registered: allow the browser phone or switch your SIP phone on, then try again.",
        "Ваш телефон не на связи: разрешите телефон в браузере или включите SIP-телефон и повторите.",
    ),
    "monitor_busy": (
        "You are busy: finish what you have in hand first.",
        "Вы заняты: сначала завершите то, что у вас в работе.",
    ),
    "monitor_elsewhere": (
        "You are at another talk: leave it first.",
        "Вы уже подключены к другому разговору: сначала выйдите из него.",
    ),
    "monitor_full": (
        "Three supervisors are at this talk already.",
        "К этому разговору уже подключены три супервизора.",
    ),
    "monitor_no_talk": (
        "There is no talk to listen to any more.",
        "Разговора, который можно слушать, уже нет.",
    ),
    "monitor_yourself": ("That is your own talk.", "Это ваш собственный разговор."),
    "monitor_in_talk": (
        "You are in the talk: leave it, then listen again.",
        "Вы участвуете в разговоре: выйдите из него и подключитесь снова.",
    ),
    "monitor_no_agent": (
        "There is no agent in this talk to take it over from.",
        "В этом разговоре нет оператора, у которого его можно забрать.",
    ),
    "monitor_agent_aside": (
        "The agent is asking somebody aside: wait until he is back in the talk, or take over.",
        "Оператор советуется с другим: дождитесь его возвращения в разговор или заберите звонок.",
    ),
    "not_his_project": ("He does not work for this project.", "Он не работает в этом проекте."),
    "not_its_queue": (
        "The call cannot go to that queue: choose one of its project.",
        "В эту очередь звонок передать нельзя: выберите очередь того же проекта.",
    ),
    "call_not_moved": ("A call that we make stays where it is.", "Исходящий звонок нельзя переместить."),
    "not_recorded": ("This talk is not being recorded.", "Этот разговор не записывается."),
    "recording_erased": ("This recording was erased.", "Эта запись стёрта."),
    "recording_leave_over": (
        "This address is no longer good. Press play again.",
        "Адрес больше не действует. Нажмите «Слушать» ещё раз.",
    ),
    "not_in_talk": ("You are not in this talk any more.", "Вы уже не участвуете в этом разговоре."),
    "only_calls_transfer": ("Only a call can be handed over.", "Передать можно только звонок."),
    "conference_not_held": (
        "Several talk together: nobody can be put on hold.",
        "Говорят несколько человек: удержание невозможно.",
    ),
    "not_answered_yet": ("The customer has not answered yet.", "Клиент ещё не ответил."),
    "callback_form_old": (
        "The form has stood open for too long. Load the page again.",
        "Форма слишком долго была открыта. Обновите страницу.",
    ),
    "callback_no_person": (
        "This did not look like a person's request. Load the page again and fill the form in once more.",
        "Не похоже, что форму заполнил человек. Обновите страницу и заполните форму ещё раз.",
    ),
    "callback_too_quick": (
        "That was very quick. Press the button once more.",
        "Слишком быстро. Нажмите кнопку ещё раз.",
    ),
    "callback_too_many": (
        "Too many callbacks were asked for from here. Try again in {minutes} min, or call us.",
        "Отсюда запросили слишком много звонков. Попробуйте через {minutes} мин или позвоните нам.",
    ),
    "callback_often": (
        "This number was asked for several times today. Try again in {minutes} min, or call us.",
        "Этот номер сегодня уже указывали несколько раз. Попробуйте через {minutes} мин или позвоните нам.",
    ),
    "callback_no_number": (
        "This is no telephone number. Write it with its area code, or in full with +.",
        "Это не телефонный номер. Напишите его с кодом города или полностью, с +.",
    ),
    "callback_own_number": ("This is our own number. Write yours.", "Это наш номер. Напишите свой."),
    "callback_costly_number": (
        "Numbers that cost extra are not called. Write an ordinary one.",
        "На платные номера мы не звоним. Напишите обычный.",
    ),
    "callback_foreign_number": (
        "Numbers of this country are not called from here. Write another one.",
        "В эту страну мы не звоним. Напишите другой номер.",
    ),
    "callback_closed": (
        "Nobody can call you now. Choose a time.",
        "Сейчас мы не можем позвонить. Выберите время.",
    ),
    "callback_time_gone": (
        "This time is taken. Choose another one.",
        "Это время уже занято. Выберите другое.",
    ),
    "callback_link_old": ("This link is not good any more.", "Эта ссылка больше не действует."),
    "callback_calling": (
        "You are being called just now: pick up, and tell the agent.",
        "Вам уже звонят: ответьте и скажите об этом оператору.",
    ),
    "callback_over": ("This callback is over already.", "Этот звонок уже завершён."),
    "callback_promised": (
        "We are going to call this number already. The link in that promise changes or cancels it.",
        "Мы уже собираемся позвонить на этот номер. Изменить или отменить звонок можно по ссылке из того обещания.",
    ),
    "callback_pending": (
        "This customer waits for a callback already.",
        "Этому клиенту уже собираются перезвонить.",
    ),
    "no_switch": (
        "The telephone exchange has not answered yet. Try again in a moment.",
        "Телефонная станция ещё не отвечала. Попробуйте чуть позже.",
    ),
    "queue_in_use": (
        "Contacts of this project are still in the queue. Close it, and move it when they are served.",
        "В очереди ещё есть обращения этого проекта. Закройте её и перенесите, когда они будут обслужены.",
    ),
    "no_leg": ("There is no talk now to do this in.", "Сейчас нет разговора, в котором это возможно."),
    "mail_not_active": (
        "Take the mail up first: only who works on it may answer.",
        "Сначала возьмите письмо в работу: отвечает тот, кто с ним работает.",
    ),
    "mail_no_account": (
        "This project has no mail account. Ask an administrator to add one to the centre file.",
        "У этого проекта нет почтового ящика. Попросите администратора добавить его в файл центра.",
    ),
    "survey_span": (
        "Choose a first and a last day, in this order, at most {days} days apart.",
        "Выберите первый и последний день, именно в таком порядке, не более чем {days} дней.",
    ),
    "voicemail_gone": (
        "The sound of this message was deleted. Call back, if the number is known.",
        "Запись этого сообщения удалена. Перезвоните, если номер известен.",
    ),
    "mail_no_recipient": (
        "Choose one of the people who wrote in this thread.",
        "Выберите одного из тех, кто писал в этой переписке.",
    ),
    "mail_files_too_large": (
        "These files are too many or too large for one mail: at most 20, and 18 MB together.",
        "Файлов слишком много или они слишком велики для одного письма: не больше 20, вместе до 18 МБ.",
    ),
    "mail_file_empty": ("This file is empty.", "Этот файл пуст."),
    "unknown_reason": ("Choose one of the reasons of your projects.", "Выберите одну из причин ваших проектов."),
    "unknown_disposition": (
        "Choose one of the project's dispositions.",
        "Выберите один из результатов, заданных для проекта.",
    ),
    "unknown_queue": ("There is no such queue in your projects.", "В ваших проектах нет такой очереди."),
    "unknown_project": ("There is no such project.", "Такого проекта нет."),
    "unknown_skill": ("There is no such skill.", "Такого навыка нет."),
    "unknown_site": ("There is no such site.", "Такой площадки нет."),
    "unknown_capacity": ("There is no such capacity profile.", "Такого профиля загрузки нет."),
    "no_number_to_call": (
        "This number cannot be called back: write it with + and a code of the centre's own countries.",
        "На этот номер перезвонить нельзя: напишите его с + и кодом страны; звоним только в страны центра.",
    ),
    "not_a_number": (
        "This is no telephone number. Write it in full, such as +7 916 555-00-01.",
        "Это не номер телефона. Напишите его полностью, например +7 916 555-00-01.",
    ),
    "number_costs_extra": (
        "Calls to this number cost extra, so nobody here may call it. Ask the customer for another number.",
        "Звонки на этот номер платные, отсюда на него не звонят. Попросите у клиента другой номер.",
    ),
    "own_number": (
        "This is a number of the centre itself. Call a colleague by his extension.",
        "Это номер самого центра. Коллеге звоните на внутренний номер.",
    ),
    "number_denied": (
        "Your role may not call such numbers. If you need this one, ask an admin to allow it.",
        "Вашей роли нельзя звонить на такие номера. Если он нужен, попросите администратора разрешить.",
    ),
    "country_not_allowed": (
        "Your role may not call this country ({country}). If you need to, ask an admin to allow it.",
        "Вашей роли нельзя звонить в эту страну ({country}). Если нужно, попросите администратора разрешить.",
    ),
    "kind_not_allowed": (
        "Your role may not call this kind of number. If you need this one, ask an admin to allow it.",
        "Вашей роли нельзя звонить на номера этого вида. Если он нужен, попросите администратора разрешить.",
    ),
    "number_unknown": (
        "There are no numbers that begin like this one. Check it digit by digit.",
        "Номеров с таким началом не бывает. Проверьте его по цифрам.",
    ),
    "outside_calling_hours": (
        "It is {there} there ({zone}): not the time to call. Call from {opens} their time.",
        "Там сейчас {there} ({zone}): звонить не время. Звоните с {opens} по их времени.",
    ),
    "do_not_call": (
        "This number is on the do-not-call list: the customer does not want calls. Write, or wait for his call.",
        "Этот номер в списке «не звонить»: клиент просил ему не звонить. Напишите ему или дождитесь его звонка.",
    ),
    "not_the_customers_number": (
        "This number is not the customer's (any more). Refresh the card and try again.",
        "Этот номер не принадлежит клиенту (или уже нет). Обновите карточку и попробуйте снова.",
    ),
    "choose_project": (
        "Choose the project that you call for.",
        "Выберите проект, от имени которого звоните.",
    ),
    "busy": (
        "Finish what you have in hand before you call.",
        "Сначала завершите то обращение, которое у вас в работе.",
    ),
    "offline": ("Sign in first, then try again.", "Сначала войдите в систему, затем попробуйте снова."),
    "phone_unreachable": (
        "Your phone is not registered: switch it on, or choose the other one.",
        "Ваш телефон не подключён: включите его или выберите другой.",
    ),
    "not_your_project": (
        "You do not work for this project. Choose one of yours.",
        "Вы не работаете на этот проект. Выберите свой.",
    ),
    "voice_has_a_channel": (
        "A voice contact comes by telephone only. Choose another medium.",
        "Голосовое обращение приходит только по телефону. Выберите другой канал.",
    ),
    "own_account": (
        "You cannot take your own role or account away. Ask another admin.",
        "Нельзя отнять у себя роль или учётную запись. Попросите другого администратора.",
    ),
    "strained": (
        "The centre has more to do than it can. Try again in {seconds} s.",
        "Центр перегружен. Попробуйте снова через {seconds} с.",
    ),
    "unavailable": (
        "A part of the centre does not answer now. Try again in {seconds} s.",
        "Часть центра сейчас не отвечает. Попробуйте снова через {seconds} с.",
    ),
    "illegal_transition": (
        "This cannot be done now: things have moved on. Look at the screen again.",
        "Сейчас это невозможно: положение изменилось. Взгляните на экран ещё раз.",
    ),
    "refused": ("This is not possible now.", "Сейчас это невозможно."),
    "web_phone_missing": (
        "Your phone is not registered: allow the browser phone on this page or choose your SIP phone, then try again.",
        "Ваш телефон не подключён: разрешите телефон в браузере здесь или выберите SIP-телефон и попробуйте снова.",
    ),
    "desk_phone_missing": (
        "You are logged in at no desk phone that is on: log in at one or choose another phone, then try again.",
        "Вы не вошли ни на одном включённом телефоне рабочего места: войдите или выберите другой телефон.",
    ),
    "sip_phone_missing": (
        "Your phone is not registered: switch it on or choose the browser phone, then try again.",
        "Ваш телефон не подключён: включите его или выберите телефон в браузере и попробуйте снова.",
    ),
    "signed_out": (
        "You are signed out. Sign in, then try again.",
        "Вы не в смене. Войдите в систему и попробуйте снова.",
    ),
    "agent_removed": (
        "You handle contacts no longer. Ask an admin to enrol you again.",
        "Вы больше не принимаете обращения. Попросите администратора снова вас подключить.",
    ),
    "contact_gone": (
        "This contact is no longer here: it has ended, or someone else has it.",
        "Этого обращения здесь уже нет: оно завершено или передано другому.",
    ),
    "already_closed": (
        "This contact is over already. Only its result is still to be given.",
        "Это обращение уже завершено. Осталось указать только результат.",
    ),
    "queue_closed": (
        "This queue is closed. Choose another.",
        "Эта очередь закрыта. Выберите другую.",
    ),
    "answer_the_phone": (
        "A call is taken by answering the phone that rings.",
        "Чтобы принять звонок, ответьте на телефоне, который звонит.",
    ),
    "only_calls_hold": (
        "Only a call can be put on hold.",
        "На удержание можно поставить только звонок.",
    ),
    "call_not_taken_back": (
        "A call cannot be taken back: its agent has to end it.",
        "Звонок нельзя забрать: его должен завершить оператор.",
    ),
    "taken": (
        "The login or extension is taken. Choose another.",
        "Такой логин или внутренний номер уже занят. Выберите другой.",
    ),
    "chat_closed": (
        "Nobody can answer just now. You may leave a message.",
        "Сейчас никто не может ответить. Вы можете оставить сообщение.",
    ),
    "chat_busy": (
        "Too many people are asking just now. Try again a little later, or leave a message.",
        "Сейчас слишком много обращений. Попробуйте немного позже или оставьте сообщение.",
    ),
    "chat_ended": ("This chat is over. Begin a new one.", "Этот чат завершён. Начните новый."),
    "chat_not_begun": ("Write something first.", "Сначала напишите что-нибудь."),
    "chat_no_messages": (
        "No messages are taken here. Please come back during opening hours.",
        "Здесь нельзя оставить сообщение. Приходите в часы работы.",
    ),
    "chat_too_long": (
        "The message is too long: {most} characters at most. Split it.",
        "Сообщение слишком длинное: не больше {most} символов. Разделите его.",
    ),
    "chat_not_taken": (
        "Take the chat first: then you can write.",
        "Сначала примите чат: тогда можно будет писать.",
    ),
    "internal": (
        "Something went wrong here. Tell your admin this number: {number}.",
        "Здесь произошла ошибка. Сообщите администратору номер: {number}.",
    ),
    "no_pages": (
        "The desktop's pages are not built. Run: make setup.",
        "Страницы рабочего места не собраны. Выполните: make setup.",
    ),
}

SYSTEM: Final[Mapping[str, tuple[str, str]]] = {
    "abandoned": ("Caller left", "Не дождался ответа"),
    "agent_lost": ("Agent lost", "Оператор пропал"),
    "engine_lost": ("Cut by a failure", "Прервано сбоем"),
    "switch_lost": ("Cut off, to be called back", "Связь оборвалась, перезвоним"),
    "wrap_up_expired": ("Not coded in time", "Не оформлено вовремя"),
    "cancelled": ("Cancelled", "Отменено"),
    "no_answer": ("Did not answer", "Нет ответа"),
    "rejected": ("Rejected", "Отклонено"),
    "phone_lost": ("Phone unreachable", "Телефон недоступен"),
    "desktop_lost": ("Desktop closed", "Рабочее место закрыто"),
    "signed_in": ("Just signed in", "Только что вошёл"),
    "removed": ("Removed", "Удалён"),
    "taken_back": ("Taken back by the supervisor", "Забрано супервизором"),
    "supervisor": ("Set by the supervisor", "Решение супервизора"),
}
"""The system's own dispositions and reasons."""

STEPS: Final[Mapping[str, tuple[str, str]]] = {
    "operator": ("Operator", "Оператор"),
    "account": ("Account state", "Состояние счёта"),
    "repeat": ("Heard it again", "Прослушал ещё раз"),
    "hangup": ("Hung up", "Положил трубку"),
    "language": ("Language: {name}", "Язык: {name}"),
    "ok": ("PIN accepted", "ПИН принят"),
    "wrong": ("Wrong PIN", "Неверный ПИН"),
    "locked": ("PIN locked", "ПИН заблокирован"),
    "unknown": ("Unknown account", "Неизвестный счёт"),
    "unavailable": ("Not available", "Недоступно"),
    "-": ("Pressed nothing", "Ничего не нажал"),
    "open": ("Open hours", "Рабочее время"),
    "closed": ("Closed hours", "Нерабочее время"),
    "account:*": ("Account number entered", "Введён номер счёта"),
    "account:0": ("Operator", "Оператор"),
    "pin:*": ("PIN entered", "Введён ПИН"),
    "lost:after_hours": ("Called after hours", "Звонок в нерабочее время"),
    "lost:lines_busy": ("All lines were busy", "Все линии были заняты"),
    "lost:left_menu": ("Hung up in the menu", "Положил трубку в меню"),
    "lost:abandoned": ("Hung up while waiting", "Не дождался ответа"),
    "lost:callback_failed": ("Was called back, not reached", "Не ответил на обратный звонок"),
    "lost:cut_off": ("Was cut off by our fault: apologise", "Связь оборвалась у нас: извинитесь"),
}
"""What a caller did in the IVR."""


PROGRESS: Final[Mapping[str, tuple[str, str]]] = {
    "call_ringing": ("Your phone rings: pick it up.", "Звонит ваш телефон: снимите трубку."),
    "call_dialling": ("The number is being called.", "Набираем номер."),
    "call_talking": ("You are talking.", "Идёт разговор."),
    "call_wrap_up": ("The call is over. Its result is still to be given.", "Звонок окончен. Укажите результат."),
    "call_over": ("The call is over.", "Звонок окончен."),
    "party_left": ("He has hung up.", "Он положил трубку."),
    "party_lost": ("His connection was lost.", "Связь с ним прервалась."),
    "monitor_missed": (
        "Your phone was not answered: you are not at the talk.",
        "Ваш телефон не ответил: вы не подключены к разговору.",
    ),
    "monitor_lost": ("Your connection to the talk was lost.", "Связь с разговором прервалась."),
    "monitor_over": (
        "The talk is over, or its agent is in it no more.",
        "Разговор закончен, или оператор в нём больше не участвует.",
    ),
    "missed_busy": ("The line is busy.", "Линия занята."),
    "missed_no_answer": ("Nobody answered.", "Никто не ответил."),
    "missed_no_such_number": ("There is no such number.", "Такого номера нет."),
    "missed_congestion": ("The network is congested.", "Сеть перегружена."),
    "missed_rejected": ("The call was rejected.", "Звонок отклонён."),
    "missed_unreachable": ("The line could not be reached.", "Линия недоступна."),
    "missed_lost": ("The connection was lost.", "Связь прервалась."),
    "missed_normal": ("The call was given up before anybody answered.", "Звонок прекращён до ответа."),
}
"""How far a call has come that somebody asked for."""


def language_of(wished: str) -> str:
    """The language to answer in, from a person's language or an Accept-Language header (RFC 9110, 12.5.4; by order)."""
    for part in wished.split(","):
        code = part.split(";")[0].strip().lower()[:2]
        if code in LANGUAGES:
            return code
    return DEFAULT


def problem(code: str, language: str, **values: object) -> str:
    """The sentence of a problem; an unknown code reads as `refused`."""
    return _pick(PROBLEMS.get(code, PROBLEMS["refused"]), language).format(**values)


def system(code: str, language: str) -> str | None:
    """The words of a system disposition or reason; None when it is none of the system's."""
    return _pick(SYSTEM[code], language) if code in SYSTEM else None


def progress(code: str, language: str) -> str:
    """How far a call has come, as a sentence."""
    return _pick(PROGRESS[code], language)


def step(code: str, language: str, **values: object) -> str | None:
    """The words of a step in the IVR; None when the catalogue has none."""
    return _pick(STEPS[code], language).format(**values) if code in STEPS else None


def _pick(pair: tuple[str, str], language: str) -> str:
    return pair[1 if language == "ru" else 0]
