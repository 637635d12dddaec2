// The widget's looks, given to its shadow root as a constructed sheet: the site's own styles do not reach in, nor these
// out. Every text has a contrast of at least 4.5:1; the site's colour is only a ground, with what can be read on it.
export const STYLE = `
:host { all: initial; }
.root {
  --surface: #ffffff; --raised: #f3f6f8; --line: #d5dde3; --text: #17232c; --muted: #4f5f6c; --bad: #a3231b;
  --good: #16693f; --shadow: 0 12px 40px rgb(10 20 28 / 28%);
  font: 15px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", Arial, sans-serif;
  color: var(--text); text-align: left;
}
.root.dark {
  --surface: #182128; --raised: #232f38; --line: #33424e; --text: #e7edf1; --muted: #a9b8c4; --bad: #f59a92;
  --good: #7bd6a3; --shadow: 0 12px 40px rgb(0 0 0 / 65%); color-scheme: dark;
}
* { box-sizing: border-box; }
button, input, textarea { font: inherit; color: inherit; }
button { cursor: pointer; }
:focus-visible { outline: 2px solid var(--text); outline-offset: 2px; }
.launcher {
  position: fixed; bottom: 20px; right: 20px; z-index: 2147483000; display: flex; align-items: center;
  justify-content: center; width: 60px; height: 60px; border: 0; border-radius: 50%; background: var(--colour);
  color: var(--on); box-shadow: 0 4px 18px rgb(10 20 28 / 30%); transition: transform .15s;
}
.launcher:hover { transform: scale(1.05); }
.launcher:focus-visible { outline: 3px solid var(--on); outline-offset: -6px; }
.left .launcher, .left .panel { right: auto; left: 20px; }
.count {
  position: absolute; top: -4px; right: -4px; min-width: 24px; height: 24px; padding: 0 6px; border-radius: 12px;
  border: 2px solid #fff; background: #b62b22; color: #fff; font-size: 13px; font-weight: 700; line-height: 20px;
  text-align: center;
}
.panel {
  position: fixed; bottom: 92px; right: 20px; z-index: 2147483000; display: flex; flex-direction: column;
  width: 376px; height: min(620px, calc(100vh - 112px)); border: 1px solid var(--line); border-radius: 14px;
  background: var(--surface); box-shadow: var(--shadow); overflow: hidden;
}
[hidden] { display: none !important; }
header {
  display: flex; align-items: center; gap: 4px; padding: 12px 10px 12px 16px; background: var(--colour);
  color: var(--on);
}
header > div { flex: 1; min-width: 0; }
h2 { margin: 0; font-size: 16px; font-weight: 650; line-height: 1.3; overflow: hidden; text-overflow: ellipsis;
  white-space: nowrap; }
header p { margin: 0; font-size: 13px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
header button {
  display: grid; place-items: center; width: 38px; height: 38px; border: 0; border-radius: 8px;
  background: transparent; color: inherit;
}
header button:hover { background: rgb(127 127 127 / 28%); }
header button:focus-visible { outline-color: var(--on); outline-offset: -3px; }
.notice { padding: 9px 16px; background: var(--raised); border-bottom: 1px solid var(--line); font-size: 14px; }
.notice.bad { color: var(--bad); font-weight: 600; }
.log { flex: 1; overflow-y: auto; padding: 14px 14px 6px; overscroll-behavior: contain; }
.lines { display: flex; flex-direction: column; gap: 8px; margin: 0; padding: 0; list-style: none; }
.line { max-width: 84%; }
.bubble { padding: 8px 12px; border-radius: 13px; white-space: pre-wrap; overflow-wrap: anywhere; }
.agent { align-self: flex-start; }
.agent .bubble { background: var(--raised); border-bottom-left-radius: 4px; }
.visitor { align-self: flex-end; }
.visitor .bubble { background: var(--colour); color: var(--on); border-bottom-right-radius: 4px; }
.note { align-self: center; max-width: 100%; color: var(--muted); font-size: 13px; text-align: center; }
.greeting { align-self: flex-start; }
.meta { display: block; margin: 2px 4px 0; color: var(--muted); font-size: 12px; }
.visitor .meta { text-align: right; }
.meta.bad { color: var(--bad); }
a { color: inherit; text-decoration: underline; text-underline-offset: 2px; }
.typing { display: flex; align-items: center; gap: 8px; min-height: 24px; padding: 0 18px; color: var(--muted);
  font-size: 13px; }
.dots { display: inline-flex; gap: 3px; }
.dots i { width: 6px; height: 6px; border-radius: 50%; background: currentcolor; animation: dot 1.2s infinite; }
.dots i:nth-child(2) { animation-delay: .18s; }
.dots i:nth-child(3) { animation-delay: .36s; }
@keyframes dot { 0%, 60%, 100% { opacity: .3; } 30% { opacity: 1; } }
form { display: flex; flex-direction: column; gap: 8px; padding: 10px 12px 12px; border-top: 1px solid var(--line); }
.pair { display: flex; gap: 8px; }
label { flex: 1; min-width: 0; display: flex; flex-direction: column; gap: 3px; font-size: 13px; color: var(--muted); }
input, textarea {
  width: 100%; padding: 9px 11px; border: 1px solid var(--muted); border-radius: 9px; background: var(--surface);
  color: var(--text); font-size: 15px;
}
::placeholder { color: var(--muted); opacity: 1; }
textarea { min-height: 42px; max-height: 132px; resize: none; line-height: 1.4; }
.write { display: flex; align-items: flex-end; gap: 8px; }
.send, .button {
  display: inline-flex; align-items: center; justify-content: center; gap: 8px; min-height: 42px; padding: 0 14px;
  border: 0; border-radius: 9px; background: var(--colour); color: var(--on); font-weight: 600;
}
.send { flex: none; width: 46px; padding: 0; }
.send:disabled { background: var(--raised); color: var(--muted); cursor: default; }
.button.plain { border: 1px solid var(--muted); background: transparent; color: var(--text); }
.consent { margin: 0; color: var(--muted); font-size: 12.5px; }
.end { display: flex; flex-direction: column; gap: 10px; padding: 12px 14px 14px; border-top: 1px solid var(--line); }
.end p { margin: 0; }
.end:focus { outline: none; }
.row { display: flex; flex-wrap: wrap; gap: 8px; }
.stars { display: flex; gap: 2px; margin: 0; padding: 0; border: 0; }
.stars legend { padding: 0; margin-bottom: 2px; font-weight: 600; }
.stars label { flex: none; display: grid; place-items: center; width: 42px; height: 42px; border-radius: 8px;
  cursor: pointer; color: var(--muted); }
.stars input { position: absolute; width: 1px; height: 1px; opacity: 0; }
.stars label.on { color: #b7791f; }
.dark .stars label.on { color: #f0bd6b; }
.stars label.on path { fill: currentcolor; }
.stars label:focus-within { outline: 2px solid var(--text); outline-offset: -2px; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
@media (max-width: 520px) {
  .panel, .left .panel {
    inset: 0; width: auto; height: 100vh; height: 100dvh; border: 0; border-radius: 0;
    padding-bottom: env(safe-area-inset-bottom);
  }
  .is-open .launcher { display: none; }
  input, textarea { font-size: 16px; }
}
@media (prefers-reduced-motion: reduce) { .launcher { transition: none; } .dots i { animation: none; opacity: .7; } }
`;
