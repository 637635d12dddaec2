// Single-key shortcuts: off while the person writes, off altogether if he wants so. A part of the page binds its keys
// for as long as it is shown; the innermost binding of a key wins.
const STORED = "triune.shortcuts";

type Run = (event: KeyboardEvent) => void;

class Shortcuts {
  on = $state(localStorage.getItem(STORED) !== "off");
  #bound: Map<string, Run[]> = new Map();

  constructor() {
    document.addEventListener("keydown", (event) => this.#pressed(event));
  }

  toggle(): void {
    this.on = !this.on;
    localStorage.setItem(STORED, this.on ? "on" : "off");
  }

  /** Bind these keys (as in KeyboardEvent.code, "KeyA", or "Digit1") and return what releases them: fits `$effect`. */
  bind(keys: Record<string, Run>): () => void {
    for (const [code, run] of Object.entries(keys)) {
      this.#bound.set(code, [...(this.#bound.get(code) ?? []), run]);
    }
    return () => {
      for (const [code, run] of Object.entries(keys)) {
        this.#bound.set(
          code,
          (this.#bound.get(code) ?? []).filter((each) => each !== run),
        );
      }
    };
  }

  #pressed(event: KeyboardEvent): void {
    if (!this.on || event.repeat || event.ctrlKey || event.altKey || event.metaKey || isWriting(event.target)) return;
    // The place on the keyboard, not the letter: the same keys work in a Russian layout.
    const run = this.#bound.get(event.code)?.at(-1);
    if (run === undefined) return;
    event.preventDefault();
    run(event);
  }
}

function isWriting(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName) || inDialog(target);
}

function inDialog(target: HTMLElement): boolean {
  return target.closest("dialog") !== null;
}

export const shortcuts = new Shortcuts();
