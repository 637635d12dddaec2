// The sounds the page makes: a ring for calls on the browser's phone, a chime for other offers. Made by WebAudio and
// scheduled whole minutes ahead on its own clock, since a hidden tab's timers sleep. Browsers allow sound only after
// the person has touched the page: `unlock` is called at each click until it is.

type Sound = "ring" | "chime";

const RING_HZ = [425, 450] as const;
const CYCLE_S = 4;
const RING_S = 1.2;
const CYCLES = 30;
const LOUDNESS = 0.16;
const PING_MS = 800;

export class Ring {
  #context: AudioContext | null = null;
  #playing: { sound: Sound; stop: () => void } | null = null;
  #wanted: Sound | null = null;
  #changed: (blocked: boolean) => void;

  constructor(changed: (blocked: boolean) => void) {
    this.#changed = changed;
  }

  /** Ask the browser for sound; works only from within a click or a key press, harmless elsewhere. */
  unlock(): void {
    if (typeof AudioContext === "undefined") return;
    if (this.#context === null) {
      this.#context = new AudioContext();
      this.#context.onstatechange = () => this.#tell();
    }
    if (this.#context.state === "suspended") void this.#context.resume().then(() => this.#tell());
    this.#tell();
  }

  play(sound: Sound | null): void {
    if (this.#wanted === sound && (sound === null) === (this.#playing === null)) return;
    this.#wanted = sound;
    this.#start();
  }

  /** Once, softly: somebody wrote. */
  ping(): void {
    if (this.#context?.state !== "running") return;
    setTimeout(sounding(this.#context, "chime"), PING_MS);
  }

  #tell(): void {
    this.#changed(this.#context === null || this.#context.state === "suspended");
    this.#start();
  }

  #start(): void {
    const context = this.#context;
    if (this.#playing && this.#playing.sound !== this.#wanted) {
      this.#playing.stop();
      this.#playing = null;
    }
    if (this.#wanted === null || this.#playing || context?.state !== "running") return;
    this.#playing = { sound: this.#wanted, stop: sounding(context, this.#wanted) };
  }
}

function sounding(context: AudioContext, sound: Sound): () => void {
  const loudness = context.createGain();
  loudness.gain.value = 0;
  loudness.connect(context.destination);
  const tones = (sound === "ring" ? RING_HZ : [660]).map((hz) => {
    const tone = context.createOscillator();
    tone.frequency.value = hz;
    tone.connect(loudness);
    tone.start();
    return tone;
  });
  const begin = context.currentTime + 0.02;
  for (let cycle = 0; cycle < CYCLES; cycle++) {
    const at = begin + cycle * CYCLE_S;
    if (sound === "ring") {
      // Two short swells, then silence: heard, but not a shock in a headset.
      swell(loudness.gain, at, RING_S / 2.4);
      swell(loudness.gain, at + RING_S / 1.7, RING_S / 2.4);
    } else {
      swell(loudness.gain, at, 0.18);
      tones[0]?.frequency.setValueAtTime(660, at);
      tones[0]?.frequency.setValueAtTime(880, at + 0.22);
      swell(loudness.gain, at + 0.22, 0.3);
    }
  }
  return () => {
    loudness.gain.cancelScheduledValues(0);
    for (const tone of tones) tone.stop();
    loudness.disconnect();
  };
}

function swell(gain: AudioParam, at: number, lengthS: number): void {
  gain.setValueAtTime(0, at);
  gain.linearRampToValueAtTime(LOUDNESS, at + 0.03);
  gain.setValueAtTime(LOUDNESS, at + lengthS - 0.05);
  gain.linearRampToValueAtTime(0, at + lengthS);
}
