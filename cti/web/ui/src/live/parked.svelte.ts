// Who is parked: read anew whenever the server says that it changed.
import { parking, type ParkedView } from "../api/parked";

class Parked {
  list = $state.raw<ParkedView[]>([]);
  #asked = 0;

  /** The newest answer counts; one that fails leaves what is known until the next. */
  async read(): Promise<void> {
    const number = (this.#asked += 1);
    const found = await parking.list().catch(() => null);
    if (found !== null && number === this.#asked) this.list = found;
  }
}

export const parked = new Parked();
