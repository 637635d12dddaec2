// The server's time, for the running clocks on the page only: nothing is decided by it. It is reckoned from the last
// message, on the browser's monotonic clock, so that a wrong clock of this computer does not matter.
const TICK_MS = 500;

class Clock {
  /** Now by the server, in ms; moves twice a second while the page is seen. */
  nowMs = $state(Date.now());
  #offsetMs = Date.now() - performance.now();

  constructor() {
    setInterval(() => this.#tick(), TICK_MS);
    document.addEventListener("visibilitychange", () => this.#tick());
  }

  align(serverNowMs: number): void {
    this.#offsetMs = serverNowMs - performance.now();
    this.#tick();
  }

  #tick(): void {
    this.nowMs = Math.round(performance.now() + this.#offsetMs);
  }
}

export const clock = new Clock();
