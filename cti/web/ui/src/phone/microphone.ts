// The microphone: asked for, and why it was not given. The stream is held only while a call needs it.

export type MicProblem = "denied" | "missing" | "busy" | "insecure";

export class MicRefused extends Error {
  constructor(readonly problem: MicProblem) {
    super(problem);
  }
}

const WANTED: MediaStreamConstraints = {
  audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
};

/** The microphone's stream; its owner stops it. Raises MicRefused. */
export async function openMicrophone(): Promise<MediaStream> {
  // Browsers hide the whole interface on pages that came neither over TLS nor from this computer.
  if (!("mediaDevices" in navigator) || navigator.mediaDevices === undefined) throw new MicRefused("insecure");
  try {
    return await navigator.mediaDevices.getUserMedia(WANTED);
  } catch (error) {
    throw new MicRefused(problemOf(error instanceof DOMException ? error.name : ""));
  }
}

export function closeStream(stream: MediaStream | null): void {
  for (const track of stream?.getTracks() ?? []) track.stop();
}

/** Ask for the permission now, so that the first call need not; the microphone is closed again at once. */
export async function tryMicrophone(): Promise<MicProblem | null> {
  try {
    closeStream(await openMicrophone());
    return null;
  } catch (error) {
    return error instanceof MicRefused ? error.problem : "busy";
  }
}

function problemOf(name: string): MicProblem {
  if (name === "NotAllowedError" || name === "SecurityError") return "denied";
  if (name === "NotFoundError" || name === "OverconstrainedError") return "missing";
  return "busy";
}
