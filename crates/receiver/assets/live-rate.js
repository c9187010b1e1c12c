// How many bits a second the line bears. Pure: bits per second and milliseconds in, a decision out.
//
// The measure is delay: how long what was sent waits for its acknowledgement, beyond what it waits on an
// idle line. Falls at once to a little under what arrives; climbs fast to where the line was last full, then
// carefully past it.

const CONGESTED = 350; // ms of waiting that mean the line is full
const CLEAR = 180; // ms of waiting that mean it is not
const BETWEEN_CUTS = 900; // ms until a cut shows
const BEFORE_CLIMB = 3500; // ms of clear line after a cut
const CLIMB_EVERY = 1000;
const SKIP_FROM = 800; // ms of waiting at which pictures are no longer encoded
const SKIP_UNTIL = 350;

export class Rate {
  #ceiling;
  #floor;
  #target;
  #cutAt = -Infinity;
  #climbedAt = -Infinity;
  #clearSince;
  #bears = Infinity; // what arrived when the line was last full
  #skipping = false;

  constructor(ceiling, floor = 150_000) {
    this.#floor = Math.min(floor, ceiling);
    this.#ceiling = this.#target = ceiling;
  }

  get target() {
    return Math.round(this.#target);
  }

  get reduced() {
    return this.#target < this.#ceiling * 0.85;
  }

  get skipping() {
    return this.#skipping;
  }

  /** The user's choice; a lower one holds at once, a higher one is climbed to. */
  set ceiling(ceiling) {
    const held = this.#target < this.#ceiling;
    this.#ceiling = ceiling;
    this.#target = held ? Math.min(this.#target, ceiling) : ceiling;
  }

  /** `delivered`: bits per second that were acknowledged lately; `reserved`: those that are not pictures. */
  update(now, { waiting, delivered, reserved }) {
    const skipped = this.#skipping;
    this.#skipping = waiting > (skipped ? SKIP_UNTIL : SKIP_FROM);
    if (this.#skipping !== skipped) this.#cutAt = skipped ? now : -Infinity;
    if (waiting < CLEAR) this.#climb(now);
    else this.#clearSince = undefined;
    // While nothing is sent the line says nothing about what it bears.
    if (waiting > CONGESTED && !skipped) this.#cut(now, delivered - reserved);
    return this.target;
  }

  #cut(now, delivered) {
    if (now - this.#cutAt < BETWEEN_CUTS) return;
    this.#cutAt = now;
    this.#bears = Math.max(delivered, this.#floor);
    const bearable = Math.min(this.#bears * 0.85, this.#target * 0.9);
    this.#target = Math.max(this.#floor, this.#target * 0.4, bearable);
  }

  #climb(now) {
    this.#clearSince ??= now;
    const clearFor = now - Math.max(this.#clearSince, this.#cutAt);
    if (clearFor < BEFORE_CLIMB || now - this.#climbedAt < CLIMB_EVERY) return;
    this.#climbedAt = now;
    if (this.#target > this.#bears * 1.1) this.#bears = Infinity; // the line has become wider
    this.#target = Math.min(this.#ceiling, this.#target * this.#step + 10_000);
  }

  get #step() {
    if (this.#bears === Infinity) return 1.08;
    return this.#target < this.#bears * 0.7 ? 1.2 : 1.03;
  }
}

/** What was sent and not yet acknowledged: how long the line makes it wait. */
export class Flight {
  #sent = []; // [bytes so far, when]
  #bytes = 0;
  #acked = [[-Infinity, 0]]; // [when, bytes so far]
  #trip = 0;
  #shortest = Infinity;

  send(now, bytes) {
    this.#bytes += bytes;
    this.#sent.push([this.#bytes, now]);
  }

  acknowledge(now, bytes) {
    let newest;
    while (this.#sent.length && this.#sent[0][0] <= bytes) newest = this.#sent.shift();
    if (newest) this.#trip = now - newest[1];
    if (newest) this.#shortest = Math.min(this.#shortest + 0.02, this.#trip); // forgets a shorter way slowly
    this.#acked.push([now, bytes]);
    while (this.#acked.length > 2 && this.#acked[1][0] < now - 1000) this.#acked.shift();
  }

  /** Milliseconds that the oldest message waits beyond the shortest trip. */
  waiting(now) {
    const age = this.#sent.length ? now - this.#sent[0][1] : 0;
    const shortest = this.#shortest === Infinity ? 100 : this.#shortest;
    return Math.max(0, Math.max(age, this.#trip) - shortest);
  }

  /** Since when the oldest message waits, or undefined. */
  get oldest() {
    return this.#sent[0]?.[1];
  }

  /** Acknowledged bits per second over the last second. */
  delivered(now) {
    const [since, bytes] = this.#acked[0];
    const newest = this.#acked[this.#acked.length - 1];
    return since === -Infinity ? 0 : ((newest[1] - bytes) * 8000) / Math.max(now - since, 100);
  }
}

/** How late a timer of this page comes: so long it was busy, and the line is not to blame. */
export class Lateness {
  #interval;
  #at;
  #late = 0;

  constructor(interval) {
    this.#interval = interval;
  }

  /** Called by the timer; gives the milliseconds, which are forgotten within a second or so. */
  observe(now) {
    const late = Math.max(0, now - (this.#at ?? now - this.#interval) - this.#interval);
    this.#at = now;
    return (this.#late = Math.max(late, this.#late * 0.7));
  }
}
