// How it stands with the recording of the talks in hand: what the server tells, and what an act of this page brought.
import type { RecordingChange, RecordingState } from "../api/recordings";

class Recordings {
  #states = $state<Record<string, RecordingState>>({});
  #all = $state(0);

  take(change: RecordingChange): void {
    this.put(change.contact_id, { state: change.state, resumes_ms: change.resumes_ms });
  }

  put(contactId: string, state: RecordingState): void {
    this.#states[contactId] = state;
  }

  of(contactId: string): RecordingState | undefined {
    return this.#states[contactId];
  }

  /** The connection was away: anything may be new. */
  noteAll(): void {
    this.#all += 1;
  }

  /** Grows whenever what is known must be asked for again. */
  get news(): number {
    return this.#all;
  }
}

export const recordings = new Recordings();
