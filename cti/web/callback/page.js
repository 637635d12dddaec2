// The callback form and its promise. Asks for the form, sends it once, shows what was promised, moves and cancels it.
// A link with a promise behind its # opens that promise. Served as it stands: no build.

const WORDS = {
  en: {
    title: "Call me back",
    number: "Your telephone number",
    number_hint: "With its area code, or in full with +",
    who: "Your name",
    optional: "(not needed)",
    when: "When shall we call?",
    now: "Now",
    now_wait: "Now (about {span})",
    now_closed: "Now (nobody can call at this hour)",
    later: "At a time that suits me",
    day: "Day",
    time: "Time",
    zone: "Times at your place: {zone}",
    no_times: "No times are free in the next days.",
    about: "What is it about?",
    ask: "Call me",
    asking: "One moment…",
    need_number: "Write your telephone number.",
    we_call: "We will call you",
    we_call_at: "We will call {number}",
    calling_soon: "An agent is being called for you right now. Keep your phone at hand.",
    position: "You are number {position} in line.",
    expected: "You are number {position} in line, about {span}.",
    at: "On {day} between {from} and {to}.",
    calling: "We are calling you",
    calling_words: "Your phone is ringing, or about to.",
    over: "This callback is over",
    over_words: "You were called, or it was cancelled.",
    cancelled: "Cancelled",
    cancelled_words: "We will not call you.",
    move: "Choose another time",
    move_do: "Take this time",
    as_soon: "As soon as possible",
    cancel: "Cancel the call",
    again: "Ask for another call",
    link: "Keep this link to change or cancel it:",
    link_name: "my callback",
    offline: "The centre does not answer. Check your connection and try again.",
    minutes: "{n} min",
    less: "less than a minute",
  },
  ru: {
    title: "Перезвоните мне",
    number: "Ваш телефон",
    number_hint: "С кодом города или полностью, с +",
    who: "Ваше имя",
    optional: "(необязательно)",
    when: "Когда позвонить?",
    now: "Сейчас",
    now_wait: "Сейчас (примерно {span})",
    now_closed: "Сейчас (в этот час звонить некому)",
    later: "В удобное мне время",
    day: "День",
    time: "Время",
    zone: "Время у вас: {zone}",
    no_times: "В ближайшие дни свободного времени нет.",
    about: "О чём поговорим?",
    ask: "Перезвоните мне",
    asking: "Секунду…",
    need_number: "Напишите номер телефона.",
    we_call: "Мы вам позвоним",
    we_call_at: "Мы позвоним на {number}",
    calling_soon: "Уже зовём оператора. Держите телефон под рукой.",
    position: "Вы {position}-й в очереди.",
    expected: "Вы {position}-й в очереди, примерно {span}.",
    at: "{day}, с {from} до {to}.",
    calling: "Звоним вам",
    calling_words: "Ваш телефон звонит или вот-вот зазвонит.",
    over: "Этот звонок завершён",
    over_words: "Вам позвонили, или звонок был отменён.",
    cancelled: "Отменено",
    cancelled_words: "Мы не будем звонить.",
    move: "Выбрать другое время",
    move_do: "Взять это время",
    as_soon: "Как можно скорее",
    cancel: "Отменить звонок",
    again: "Заказать ещё звонок",
    link: "Сохраните ссылку, чтобы изменить или отменить:",
    link_name: "мой звонок",
    offline: "Центр не отвечает. Проверьте связь и попробуйте ещё раз.",
    minutes: "{n} мин",
    less: "меньше минуты",
  },
};

const REFRESH_MS = 5_000;
const key = location.pathname.split("/").pop();
const browserZone = Intl.DateTimeFormat().resolvedOptions().timeZone || "";
const $ = (id) => document.getElementById(id);

let language = "en";
let form = null;
let promise = null;
let watching = 0;

function t(name, values = {}) {
  return WORDS[language][name].replace(/\{(\w+)\}/g, (_, value) => values[value] ?? "");
}

function span(ms) {
  return ms < 60_000 ? t("less") : t("minutes", { n: Math.round(ms / 60_000) });
}

async function call(path, body) {
  let answer;
  try {
    answer = await fetch(`${key}${path}`, {
      method: body === undefined ? "GET" : "POST",
      headers: { "Accept-Language": language, ...(body === undefined ? {} : { "Content-Type": "application/json" }) },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new Error(t("offline"));
  }
  const data = await answer.json().catch(() => ({}));
  if (!answer.ok) throw Object.assign(new Error(data.sentence || t("offline")), { code: data.code });
  return data;
}

/** The button in the page's own colour, its words in whichever of white and black stands out more (WCAG 2, 1.4.3). */
function paint(colour) {
  const [red, green, blue] = [1, 3, 5]
    .map((at) => parseInt(colour.slice(at, at + 2), 16) / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  const light = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  $("ask").style.backgroundColor = $("ask").style.borderColor = colour;
  $("ask").style.color = light > 0.179 ? "#000000" : "#ffffff";
}

function speak() {
  document.documentElement.lang = language;
  document.title = form?.name || t("title");
  $("name").textContent = form?.name || t("title");
  for (const each of document.querySelectorAll("[data-say]")) each.textContent = t(each.dataset.say);
  $("ask").textContent = t("ask");
  $("consent").textContent = form?.consent || "";
  $("consent").hidden = !form?.consent;
}

// -- times ------------------------------------------------------------------------------------------------------------

function dayOf(ms, zone) {
  return new Intl.DateTimeFormat(language, { weekday: "long", day: "numeric", month: "long", timeZone: zone }).format(ms);
}

function timeOf(ms, zone) {
  return new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", timeZone: zone }).format(ms);
}

function capital(text) {
  return language === "ru" ? text.charAt(0).toUpperCase() + text.slice(1) : text;
}

function option(value, text) {
  return Object.assign(document.createElement("option"), { value, textContent: text });
}

/** Fills a pair of lists; what was chosen stays chosen while it is offered. */
function fill(dayList, timeList, times, { zone, slot_min }) {
  const before = timeList.value;
  const days = new Map();
  for (const at of times) {
    const day = dayOf(at, zone);
    if (!days.has(day)) days.set(day, []);
    days.get(day).push(at);
  }
  const show = () => {
    const chosen = days.get(dayList.value) ?? [];
    timeList.replaceChildren(
      ...chosen.map((at) => option(String(at), `${timeOf(at, zone)} – ${timeOf(at + slot_min * 60_000, zone)}`)),
    );
    timeList.disabled = chosen.length === 0;
  };
  dayList.replaceChildren(...[...days.keys()].map((day) => option(day, day)));
  const kept = times.find((at) => String(at) === before);
  if (kept !== undefined) dayList.value = dayOf(kept, zone);
  dayList.disabled = days.size === 0;
  dayList.onchange = show;
  show();
  if (kept !== undefined) timeList.value = before;
}

async function askTimes() {
  const found = await call("/times", { number: $("number").value.slice(0, 40), zone: browserZone });
  $("now").disabled = !found.now;
  if (!found.now && $("now").checked) $("later").checked = true;
  $("now-words").textContent = !found.now
    ? t("now_closed")
    : found.expected_wait_ms === null
      ? t("now")
      : t("now_wait", { span: span(found.expected_wait_ms) });
  fill($("day"), $("time"), found.times, found);
  $("zone").textContent = found.times.length ? t("zone", { zone: found.zone.replaceAll("_", " ") }) : t("no_times");
  showTimes();
}

function showTimes() {
  $("times").hidden = !$("later").checked;
  tellHeight();
}

// -- asking -----------------------------------------------------------------------------------------------------------

/** The sum that the centre may ask for: an answer whose hash begins with so many zero bits. */
async function work(ticket, bits) {
  if (!bits) return "";
  const encoder = new TextEncoder();
  for (let answer = 0; ; answer += 1) {
    const hash = new DataView(await crypto.subtle.digest("SHA-256", encoder.encode(`${ticket}.${answer}`)));
    if (hash.getUint32(0) >>> (32 - bits) === 0) return String(answer);
  }
}

function complain(text, { ofNumber = false } = {}) {
  $("problem").textContent = text;
  $("number").setAttribute("aria-invalid", String(ofNumber));
  if (ofNumber) $("number").focus();
  tellHeight();
}

async function submit(event) {
  event.preventDefault();
  if ($("ask").disabled) return;
  complain("");
  if (!$("number").value.trim()) return complain(t("need_number"), { ofNumber: true });
  $("ask").disabled = true;
  $("ask").textContent = t("asking");
  try {
    promise = await call("", {
      form: form.form,
      number: $("number").value,
      name: $("who").value,
      about: $("about").value,
      language,
      zone: browserZone,
      at_ms: $("later").checked && $("time").value ? Number($("time").value) : null,
      website: $("website").value,
      work: await work(form.form, form.work_bits),
    });
    show();
    $("promise").focus();
  } catch (error) {
    complain(error.message, { ofNumber: String(error.code).endsWith("_number") });
    if (error.code === "callback_form_old") await begin();
    if (["callback_time_gone", "callback_closed"].includes(error.code)) await askTimes().catch(() => undefined);
  } finally {
    $("ask").disabled = false;
    $("ask").textContent = t("ask");
  }
}

// -- the promise ------------------------------------------------------------------------------------------------------

function show({ cancelled = false } = {}) {
  $("form").hidden = true;
  $("promise").hidden = false;
  const waits = promise.standing === "waiting";
  let head = "we_call";
  let words = t("calling_soon");
  if (cancelled) [head, words] = ["cancelled", t("cancelled_words")];
  else if (promise.standing === "over") [head, words] = ["over", t("over_words")];
  else if (promise.standing === "calling") [head, words] = ["calling", t("calling_words")];
  else if (promise.at_ms !== null) {
    const until = promise.at_ms + promise.slot_min * 60_000;
    words = t("at", {
      day: capital(dayOf(promise.at_ms, promise.zone)),
      from: timeOf(promise.at_ms, promise.zone),
      to: timeOf(until, promise.zone),
    });
  } else if (promise.position !== null) {
    words =
      promise.expected_wait_ms === null
        ? t("position", { position: promise.position })
        : t("expected", { position: promise.position, span: span(promise.expected_wait_ms) });
  }
  const number = $("number").value.trim();
  $("promise-head").textContent = head === "we_call" && number ? t("we_call_at", { number }) : t(head);
  if ($("promise-words").textContent !== words) $("promise-words").textContent = words;
  $("cancel").hidden = $("move-open").hidden = $("link-words").hidden = !waits;
  $("again").hidden = waits || promise.standing === "calling";
  if (!waits) $("move").hidden = true;
  $("link").href = `${location.pathname}?lang=${language}#${promise.promise}`;
  clearTimeout(watching);
  if (promise.standing !== "over" && promise.at_ms === null) watching = setTimeout(watch, REFRESH_MS);
  tellHeight();
}

async function watch() {
  try {
    promise = await call("/standing", { promise: promise.promise, zone: browserZone });
    show();
  } catch {
    watching = setTimeout(watch, REFRESH_MS);
  }
}

async function change(act, done) {
  $("promise-problem").textContent = "";
  for (const id of ["cancel", "move-open", "move-do"]) $(id).disabled = true;
  try {
    promise = await act();
    show(done);
    $("promise").focus();
  } catch (error) {
    $("promise-problem").textContent = error.message;
  } finally {
    for (const id of ["cancel", "move-open", "move-do"]) $(id).disabled = false;
    tellHeight();
  }
}

async function openMove() {
  if (!$("move").hidden) {
    $("move").hidden = true;
    return tellHeight();
  }
  try {
    const found = await call("/times", { number: $("number").value.slice(0, 40), zone: promise.zone });
    fill($("move-day"), $("move-time"), found.times, found);
    $("move").hidden = false;
    $("move-day").focus();
  } catch (error) {
    $("promise-problem").textContent = error.message;
  }
  tellHeight();
}

function move() {
  const at_ms = $("move-time").value ? Number($("move-time").value) : null;
  return change(async () => {
    const moved = await call("/move", { promise: promise.promise, at_ms, zone: promise.zone });
    $("move").hidden = true;
    return moved;
  });
}

// -- life -------------------------------------------------------------------------------------------------------------

function tellHeight() {
  if (parent !== window) parent.postMessage({ triuneCallbackHeight: $("main").offsetHeight }, "*");
}

async function begin() {
  const wished = new URLSearchParams(location.search).get("lang") || navigator.language;
  form = await call(`/form?lang=${encodeURIComponent(wished)}`);
  language = form.language in WORDS ? form.language : "en";
  speak();
  paint(form.colour);
}

async function start() {
  language = /^ru/i.test(new URLSearchParams(location.search).get("lang") || navigator.language) ? "ru" : "en";
  try {
    await begin();
    if (location.hash.length > 1) {
      promise = await call("/standing", { promise: location.hash.slice(1), zone: browserZone });
      show();
    } else {
      $("form").hidden = false;
      await askTimes();
    }
  } catch (error) {
    $("broken").textContent = error.message;
    $("broken").hidden = false;
  }
  tellHeight();
}

$("form").addEventListener("submit", submit);
$("number").addEventListener("change", () => askTimes().catch(() => undefined));
for (const id of ["now", "later"]) {
  $(id).addEventListener("change", () => {
    complain(""); // it was about what was wished before
    showTimes();
  });
}
$("move-open").addEventListener("click", openMove);
$("move-do").addEventListener("click", move);
$("cancel").addEventListener("click", () =>
  change(() => call("/cancel", { promise: promise.promise, zone: promise.zone }), { cancelled: true }),
);
$("again").addEventListener("click", () => {
  location.hash = "";
  location.reload();
});
addEventListener("resize", tellHeight);
await start();
