// Runs in the page before its own scripts, and only looks: when a card stood on the screen, when an INVITE reached the
// page's phone, and what tone the caller's voice is. All instants are Unix milliseconds. Read by tests/browser/desktop.py.
(() => {
  if (window.top !== window) return;
  const now = () => performance.timeOrigin + performance.now();
  const seen = { began: now(), pops: [], invites: [], tones: [], frames: 0 };
  Object.defineProperty(window, "__seen", { value: seen });

  const NativeSocket = window.WebSocket;
  window.WebSocket = class extends NativeSocket {
    constructor(...given) {
      super(...given);
      if (given[1] !== "sip") return;
      this.addEventListener("message", ({ data }) => {
        if (typeof data === "string" && data.startsWith("INVITE ")) seen.invites.push(now());
      });
    }
  };

  const NativePeer = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends NativePeer {
    constructor(...given) {
      super(...given);
      this.addEventListener("track", ({ track }) => void measure(track));
    }
  };

  // The card, each time that what it says has changed, with the instant of the frame that painted it.
  let last = "";
  const look = () => {
    for (const pop of document.querySelectorAll("[data-testid=pop]")) {
      const text = (id) => pop.querySelector(`[data-testid=${id}]`)?.innerText.trim() ?? "";
      const found = {
        assignment: pop.dataset.assignment,
        state: pop.dataset.state,
        customer: text("pop-customer"),
        path: text("pop-path"),
      };
      const mark = JSON.stringify(found);
      if (mark === last) continue;
      last = mark;
      seen.pops.push({ ...found, at: now() });
    }
  };
  new MutationObserver(look).observe(document, {
    subtree: true,
    childList: true,
    characterData: true,
    attributes: true,
    attributeFilter: ["data-state"],
  });

  // A tab that stands behind another: the browser paints it no more and lets its timers sleep for a minute.
  const { setTimeout: later, setInterval: again, requestAnimationFrame: paint } = window;
  let hidden = false;
  const tell = () => document.dispatchEvent(new Event("visibilitychange"));
  window.__hide = () => {
    hidden = true;
    window.requestAnimationFrame = () => 0;
    window.setTimeout = (run, ms, ...given) => later(run, Math.max(ms ?? 0, 60_000), ...given);
    window.setInterval = (run, ms, ...given) => again(run, Math.max(ms ?? 0, 60_000), ...given);
    tell();
  };
  window.__show = () => {
    hidden = false;
    Object.assign(window, { setTimeout: later, setInterval: again, requestAnimationFrame: paint });
    tell();
  };
  Object.defineProperty(Document.prototype, "visibilityState", { get: () => (hidden ? "hidden" : "visible") });
  Object.defineProperty(Document.prototype, "hidden", { get: () => hidden });

  // What the caller's voice is, a twelfth of a second at a time: the share of each tone in the sound's power.
  const HZ = [1150, 1750];
  async function measure(track) {
    const reader = new MediaStreamTrackProcessor({ track }).readable.getReader();
    let window = [];
    let rate = 48000;
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const samples = new Float32Array(value.numberOfFrames);
      value.copyTo(samples, { planeIndex: 0, format: "f32-planar" });
      rate = value.sampleRate;
      value.close();
      seen.frames += samples.length;
      window.push(...samples);
      if (window.length < rate / 12) continue;
      const power = window.reduce((sum, each) => sum + each * each, 0);
      const shares = {};
      for (const hz of HZ) shares[hz] = power > 0 ? share(window, hz / rate, power) : 0;
      seen.tones.push({ at: now(), loud: Math.sqrt(power / window.length), ...shares });
      if (seen.tones.length > 600) seen.tones.shift();
      window = [];
    }
  }

  function share(samples, cycles, power) {
    let re = 0;
    let im = 0;
    for (let index = 0; index < samples.length; index++) {
      re += samples[index] * Math.cos(2 * Math.PI * cycles * index);
      im += samples[index] * Math.sin(2 * Math.PI * cycles * index);
    }
    return (2 * (re * re + im * im)) / (samples.length * power);
  }
})();
