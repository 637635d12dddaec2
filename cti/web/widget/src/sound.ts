// Two soft tones for an answer that comes while the panel is closed: made here, so that no file is fetched. Browsers
// play nothing before the visitor has touched the page, and that is as well.
let context: AudioContext | null = null;

export function chime(): void {
  try {
    context ??= new AudioContext();
    if (context.state !== "running") return;
    const at = context.currentTime;
    for (const [index, hz] of [660, 880].entries()) {
      const tone = context.createOscillator();
      const loudness = context.createGain();
      tone.frequency.value = hz;
      loudness.gain.setValueAtTime(0, at + index * 0.12);
      loudness.gain.linearRampToValueAtTime(0.06, at + index * 0.12 + 0.02);
      loudness.gain.exponentialRampToValueAtTime(0.0001, at + index * 0.12 + 0.3);
      tone.connect(loudness).connect(context.destination);
      tone.start(at + index * 0.12);
      tone.stop(at + index * 0.12 + 0.32);
    }
  } catch {
    // No sound on this machine.
  }
}

/** Browsers let a page sound once its visitor has done something on it. */
export function unlockSound(): void {
  try {
    context ??= new AudioContext();
    void context.resume();
  } catch {
    // As above.
  }
}
