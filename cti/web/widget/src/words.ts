// The widget's own words. What a site says itself (greeting, consent) comes from the server, and so do its refusals.
import type { Site } from "./wire";

const en = {
  open: "Open chat",
  unread: "{n} new",
  minimise: "Minimise chat",
  end: "End chat",
  end_sure: "End this chat?",
  yes: "End it",
  no: "Go on",
  download: "Save the conversation",
  fresh: "Start a new chat",
  write: "Your message",
  send: "Send",
  name: "Your name",
  email: "Your e-mail",
  optional: "optional",
  waiting: "You are number {n} in the queue.",
  waiting_first: "You are next. Somebody will be with you in a moment.",
  expected: "About {time}.",
  minute: "a minute",
  minutes: "{n} min",
  with: "You are talking with {who}",
  somebody: "an agent",
  typing: "{who} is typing",
  connecting: "Connecting …",
  lost: "No connection. Trying again; nothing you wrote is lost.",
  unavailable: "Chat is not available here now.",
  retry: "Try again",
  you: "You",
  kept: "Sent",
  pending: "Sending",
  failed: "Not sent",
  ended: "The chat is over.",
  rate: "How was it?",
  rate_one: "{n} of 5",
  rated: "Thank you!",
  closed: "Nobody can answer just now.",
  leave_message: "Leave a message: we will write to you.",
  message_send: "Leave the message",
  message_taken: "Thank you. Your message is kept; the answer comes by e-mail.",
  too_long: "{n} characters too many",
  agent_joined: "{who} has joined",
  agent_left: "{who} was cut off. You keep your place: somebody will go on with you.",
  agent_ended: "{who} has ended the chat",
  visitor_ended: "You have ended the chat",
  visitor_left: "The chat was ended because you were away",
};

type Words = typeof en;
export type Key = keyof Words;

const ru: Words = {
  open: "Открыть чат",
  unread: "новых: {n}",
  minimise: "Свернуть чат",
  end: "Завершить чат",
  end_sure: "Завершить этот чат?",
  yes: "Завершить",
  no: "Продолжить",
  download: "Сохранить переписку",
  fresh: "Начать новый чат",
  write: "Ваше сообщение",
  send: "Отправить",
  name: "Ваше имя",
  email: "Ваша эл. почта",
  optional: "необязательно",
  waiting: "Вы {n}-й в очереди.",
  waiting_first: "Вы следующий. Вам сейчас ответят.",
  expected: "Примерно {time}.",
  minute: "минута",
  minutes: "{n} мин",
  with: "С вами говорит {who}",
  somebody: "оператор",
  typing: "{who} печатает",
  connecting: "Подключение …",
  lost: "Нет связи. Подключаемся снова; написанное не пропадёт.",
  unavailable: "Чат здесь сейчас недоступен.",
  retry: "Попробовать снова",
  you: "Вы",
  kept: "Отправлено",
  pending: "Отправляется",
  failed: "Не отправлено",
  ended: "Чат завершён.",
  rate: "Как всё прошло?",
  rate_one: "{n} из 5",
  rated: "Спасибо!",
  closed: "Сейчас никто не может ответить.",
  leave_message: "Оставьте сообщение: мы вам напишем.",
  message_send: "Оставить сообщение",
  message_taken: "Спасибо. Сообщение принято, ответ придёт по почте.",
  too_long: "Лишних символов: {n}",
  agent_joined: "{who} в чате",
  agent_left: "Связь с оператором прервалась ({who}). Ваше место сохранено: с вами продолжат.",
  agent_ended: "{who}: чат завершён",
  visitor_ended: "Вы завершили чат",
  visitor_left: "Чат завершён, потому что вас не было",
};

const WORDS: Record<Site["language"], Words> = { en, ru };

export function said(language: Site["language"], key: Key, values: Record<string, string | number> = {}): string {
  return WORDS[language][key].replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ""));
}

export function isNote(code: string): code is Key {
  return code in en;
}
