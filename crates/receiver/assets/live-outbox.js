// What waits for the line: audio first, and no more under way than the server advises. Pure.
//
// What the line bears, the server finds out: by what arrives, and by the words that go along. To a server that
// does not advise everything is sent at once.

import { partOf, word } from "./live-wire.js";

const PART = 1200; // bytes of a picture in a message at least: audio comes between two
const PART_SHARE = 32; // or this share of what may be under way
const WORD_EVERY = 10; // ms
const LATEST = 1500; // ms that a picture may wait before it is left out

export class Outbox {
  advice;
  encoded = 0; // bytes of pictures
  #send;
  #advises;
  #audio = [];
  #video = [];
  #rest; // of the picture whose parts are being sent
  #queued = 0;
  #sent = 0;
  #acked = 0;
  #toldAt = -Infinity;
  #trips = []; // [bytes so far, when]
  #trip = 0;
  #shortest = Infinity;
  #broken = false; // pictures were left out, and nothing but a keyframe can follow

  /** `send`: takes the messages in their order. */
  constructor(send, advises) {
    this.#send = send;
    this.#advises = advises;
  }

  /** A configuration, in its place between what it is not for and what it is for. */
  configure(now, track, text) {
    (track === "video" ? this.#video : this.#audio).push({ text, bytes: 0 });
    this.#pump(now);
  }

  audio(now, message) {
    this.#push(this.#audio, now, message);
  }

  /** False when it is left out, as too much waits. */
  video(now, message, keyframe) {
    this.encoded += message.length;
    this.#shed(now);
    if (this.#broken && !keyframe) return false;
    this.#broken = false;
    this.#push(this.#video, now, message, keyframe);
    return true;
  }

  /** The server has so many bytes, and says what to do. */
  acknowledge(now, { bytes, ...advice }) {
    this.#acked = bytes;
    let newest;
    while (this.#trips.length && this.#trips[0][0] <= bytes) newest = this.#trips.shift();
    if (newest) this.#trip = now - newest[1];
    if (newest) this.#shortest = Math.min(this.#shortest + 0.02, this.#trip); // forgets a shorter way slowly
    if (advice.inFlight !== undefined) this.advice = advice;
    this.#pump(now);
  }

  /** Sends all that waits, whatever the line bears: it is the last. */
  flush(now) {
    this.#advises = false;
    this.#pump(now);
  }

  /** Bytes that wait or are under way. */
  get backlog() {
    return this.#queued + this.#sent - this.#acked;
  }

  /** Since when the oldest message is under way, or undefined. */
  get oldest() {
    return this.#trips[0]?.[1];
  }

  /** Milliseconds that what is sent waits, here and on the line, beyond the shortest trip. */
  waiting(now) {
    const way = Math.max(this.#trip, now - (this.oldest ?? now)) - (this.#shortest === Infinity ? 100 : this.#shortest);
    return Math.max(0, way) + this.#age(now);
  }

  #age(now) {
    const waits = [this.#rest, this.#audio[0], this.#video[0]].map((one) => one?.at ?? now);
    return now - Math.min(...waits);
  }

  // The pictures before the last keyframe that waits, or all of them, are too late to be sent.
  #shed(now) {
    if (!(now - this.#video.find(({ at }) => at !== undefined)?.at > LATEST)) return;
    const key = this.#video.findLastIndex(({ keyframe }) => keyframe);
    const from = key > 0 ? key : this.#video.length;
    const gone = this.#video.filter(({ text }, index) => !text && index < from);
    this.#queued -= gone.reduce((sum, { bytes }) => sum + bytes, 0);
    this.#video = this.#video.filter((one) => !gone.includes(one));
    this.#broken = key <= 0;
  }

  #push(queue, at, message, keyframe) {
    queue.push({ at, message, keyframe, bytes: message.length });
    this.#queued += message.length;
    this.#pump(at);
  }

  #pump(now) {
    const most = this.#advises ? (this.advice?.inFlight ?? 32_768) : Infinity;
    while (this.#sent - this.#acked <= most) {
      const next = this.#audio.shift() ?? this.#rest ?? this.#video.shift();
      if (!next) return;
      if (next.text) this.#send(next.text);
      else this.#put(now, next, this.#advises && isPicture(next) ? Math.max(PART, most / PART_SHARE) : Infinity);
    }
  }

  // A message, or as much of it as goes in one part.
  #put(now, one, size) {
    const { message, rest } = partOf(one.message, Math.floor(size), one === this.#rest);
    this.#queued -= one.bytes - (rest?.length ?? 0);
    if (rest || one === this.#rest) this.#rest = rest && { ...one, message: rest, bytes: rest.length };
    if (this.#advises && now - this.#toldAt >= WORD_EVERY) this.#tell(now, message.length);
    this.#sent += message.length;
    this.#trips.push([this.#sent, now]);
    this.#send(message);
  }

  #tell(now, following) {
    this.#toldAt = now;
    const state = { now, trip: this.#trip, encoded: this.encoded, queued: this.#queued, age: this.#age(now) };
    const message = word({ ...state, sent: this.#sent + following });
    this.#sent += message.length;
    this.#send(message);
  }
}

const isPicture = ({ keyframe }) => keyframe !== undefined;
