// One timeline for two devices whose clocks begin anywhere and run a little apart.
//
// A stamp can only arrive after it was made, sooner or later depending on how busy the page is. The
// smallest distance seen lately is therefore the best guess of the clocks' distance. Pure; microseconds.

const WINDOW = 5_000_000; // two of these are remembered
const JUMP = 150_000; // a distance this far off is a gap (a call came in), not jitter
const JUMP_TIMEOUT = 400_000; // for how long it must be off
const SLEW = 0.002; // how fast the guess is followed: 2 ms a second, which nobody hears

export class Timeline {
  #offset; // applied
  #best; // smallest distance of this window
  #previous = Infinity; // and of the one before
  #windowEnd = 0;
  #last = 0; // arrival of the last observation
  #offSince;

  /** A stamp on the device's clock, and when it was seen on ours. */
  observe(stamp, arrival) {
    const distance = arrival - stamp;
    if (this.#offset === undefined || this.#gap(distance, arrival)) return this.#begin(distance, arrival);
    this.#roll(arrival);
    this.#best = Math.min(this.#best, distance);
    this.#follow(arrival);
  }

  /** Where a stamp lies on our clock. */
  map(stamp) {
    return stamp + (this.#offset ?? 0);
  }

  #begin(distance, arrival) {
    this.#offset = this.#best = distance;
    this.#previous = Infinity;
    this.#windowEnd = arrival + WINDOW;
    this.#last = arrival;
    this.#offSince = undefined;
  }

  #gap(distance, arrival) {
    if (Math.abs(distance - this.#offset) < JUMP) this.#offSince = undefined;
    else this.#offSince ??= arrival;
    return this.#offSince !== undefined && arrival - this.#offSince >= JUMP_TIMEOUT;
  }

  #roll(arrival) {
    if (arrival < this.#windowEnd) return;
    this.#previous = this.#best;
    this.#best = Infinity;
    this.#windowEnd = arrival + WINDOW;
  }

  // Towards an earlier time at once: nothing arrives before it was made. Later, slowly.
  #follow(arrival) {
    const guess = Math.min(this.#best, this.#previous);
    const step = (arrival - this.#last) * SLEW;
    this.#last = arrival;
    if (guess < this.#offset - 20_000) this.#offset = guess;
    else this.#offset += Math.max(-step, Math.min(step, guess - this.#offset));
  }
}

/** Lets through so many pictures a second, evenly, whatever the camera delivers. */
export class Pacer {
  #interval;
  #due = -Infinity;

  constructor(framesPerSecond) {
    this.#interval = 1_000_000 / framesPerSecond;
  }

  takes(pts) {
    if (pts < this.#due - this.#interval / 2) return false;
    this.#due = pts > this.#due + this.#interval ? pts + this.#interval : this.#due + this.#interval;
    return true;
  }
}
