// The demo shop's own script: its language (?lang=ru) and its dark side (?dark), as any site would have them.
(() => {
  const asked = new URLSearchParams(location.search);
  const russian = asked.get("lang") === "ru" || (!asked.has("lang") && navigator.language.startsWith("ru"));
  document.documentElement.lang = russian ? "ru" : "en";
  document.documentElement.classList.toggle("dark", asked.has("dark"));
  document.addEventListener("DOMContentLoaded", () => {
    for (const part of document.querySelectorAll("[data-words]")) {
      part.textContent = part.dataset.words.split("|")[russian ? 1 : 0];
    }
  });
})();
