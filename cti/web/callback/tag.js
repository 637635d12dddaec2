// The tag of customers' pages: <script src="https://CENTRE/callback.js" data-key="KEY" async></script>
// Puts the form, which is a page of the centre's own, where the tag stands, and gives it the height that it asks for.
(() => {
  const tag = document.currentScript;
  if (!tag) return;
  const centre = new URL(tag.src).origin;
  const language = tag.dataset.lang || document.documentElement.lang || navigator.language || "";
  const frame = document.createElement("iframe");
  frame.src = `${centre}/callback/v1/${encodeURIComponent(tag.dataset.key || "")}?lang=${encodeURIComponent(language)}`;
  frame.title = /^ru/i.test(language) ? "Перезвоните мне" : "Call me back";
  frame.style.cssText = "display:block;width:100%;max-width:460px;height:420px;border:0;color-scheme:normal";
  addEventListener("message", (event) => {
    if (event.source !== frame.contentWindow || event.origin !== centre) return;
    const height = Number(event.data && event.data.triuneCallbackHeight);
    if (height > 0 && height < 4000) frame.style.height = `${Math.ceil(height)}px`;
  });
  tag.after(frame);
})();
