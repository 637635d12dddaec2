// Light or dark: the system's choice until the person makes his own, kept in this browser.
export type Theme = "light" | "dark";

const STORED = "triune.theme";
const system = matchMedia("(prefers-color-scheme: dark)");

function stored(): Theme | null {
  const value = localStorage.getItem(STORED);
  return value === "light" || value === "dark" ? value : null;
}

class Colours {
  theme = $state<Theme>(stored() ?? (system.matches ? "dark" : "light"));

  constructor() {
    this.#show();
    system.addEventListener("change", () => {
      if (stored() !== null) return;
      this.theme = system.matches ? "dark" : "light";
      this.#show();
    });
  }

  toggle(): void {
    this.theme = this.theme === "dark" ? "light" : "dark";
    localStorage.setItem(STORED, this.theme);
    this.#show();
  }

  #show(): void {
    document.documentElement.dataset["theme"] = this.theme;
  }
}

export const colours = new Colours();
