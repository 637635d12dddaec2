// Calling somebody: one request at a time.
import { ApiError } from "../api/client";
import { calls, type NewCall } from "../api/calls";
import { t } from "../i18n/i18n.svelte";
import { desk } from "./desk.svelte";
import { notices } from "./notices.svelte";

class Dialler {
  busy = $state(false);

  /** Why no call can be begun now, as a sentence; null when one can. */
  get stopped(): string | null {
    if (desk.stopped !== null) return desk.stopped;
    if (desk.me?.extension === null) return t("work.no_phone");
    if (desk.live?.state?.asked || desk.live?.state?.monitoring) return t("dial.in_talk");
    return desk.live?.assignments.some((each) => each.state !== "wrap_up" && each.device !== null) ? t("dial.in_talk") : null;
  }

  /** Ring the own phone, then this number; the sentence why not is told as a notice. */
  async call(wish: NewCall): Promise<boolean> {
    if (this.busy) return false;
    this.busy = true;
    try {
      if (desk.live?.state?.device === "web") void desk.phone.askForMicrophone();
      const started = await calls.place(wish);
      desk.pickUp(started.assignment_id);
      return true;
    } catch (error) {
      notices.failed(error);
      return !(error instanceof ApiError);
    } finally {
      this.busy = false;
    }
  }
}

export const dialler = new Dialler();
