// One WebSocket to the server, and another when it breaks: the session and its timeline go on.

import { Flight } from "./live-rate.js";
import { AUDIO, VIDEO, bye, config, hello, mediaMessage } from "./live-wire.js";

const PAUSES = [0, 300, 1000, 2000, 3000]; // ms before each attempt; the last one repeats
const GIVE_UP = 60_000; // ms without a connection
const SILENCE = 8_000; // ms without an acknowledgement for what was sent: the line is dead
const ANSWER = 6_000; // ms to be accepted in

export class Link {
  state = "closed"; // connecting, open, waiting, closed
  flight = new Flight();
  sent = 0; // bytes over all connections
  #socket;
  #greeting;
  #url;
  #on;
  #tracks = {};
  #needsKeyframe = true;
  #attempt = 0;
  #lostAt;
  #timer;
  #closing;

  /** `on`: accepted, refused, ack, keyframe, lost, ended; each gets the server's message. */
  constructor(url, greeting, on) {
    this.#url = url;
    this.#greeting = greeting;
    this.#on = on;
  }

  get isOpen() {
    return this.state === "open";
  }

  get bufferedAmount() {
    return this.#socket?.bufferedAmount ?? 0;
  }

  /** Milliseconds since the connection broke, 0 while there is one. */
  lostFor(now) {
    return this.#lostAt === undefined ? 0 : now - this.#lostAt;
  }

  open() {
    clearTimeout(this.#timer);
    this.state = "connecting";
    const socket = (this.#socket = new WebSocket(this.#url));
    socket.binaryType = "arraybuffer";
    socket.onopen = () => socket.send(hello(this.#greeting));
    socket.onmessage = ({ data }) => socket === this.#socket && this.#handle(JSON.parse(data));
    socket.onclose = () => socket === this.#socket && this.#lost();
    this.#timer = setTimeout(() => this.#drop(), ANSWER);
  }

  /** Tries again now instead of at the end of the pause. */
  hurry() {
    if (this.state === "waiting") this.open();
  }

  /** Once a second or so: notices a line that is dead without saying so. */
  check(now) {
    const oldest = this.flight.oldest;
    if (this.isOpen && oldest !== undefined && now - oldest > SILENCE) this.#drop();
  }

  /** A track's configuration; what follows it is in its terms. */
  configure(track, description) {
    if (JSON.stringify(this.#tracks[track]) === JSON.stringify(description)) return;
    this.#tracks[track] = description;
    if (track === "video") this.#needsKeyframe = true;
    if (this.isOpen) this.#socket.send(config({ [track]: description }));
  }

  /** Sends a picture; false when it has to be a keyframe and is none, or nobody listens. */
  video(unit) {
    if (!this.isOpen || !this.#tracks.video || (this.#needsKeyframe && !unit.keyframe)) return false;
    this.#needsKeyframe = false;
    this.#send({ kind: VIDEO, ...unit });
    return true;
  }

  audio(unit) {
    if (this.isOpen && this.#tracks.audio) this.#send({ kind: AUDIO, ...unit });
  }

  /** Says goodbye; resolves when the server has answered, or does not. */
  close() {
    clearTimeout(this.#timer);
    const wasOpen = this.isOpen;
    this.state = "closed";
    if (!wasOpen) return this.#end();
    this.#socket.send(bye());
    return new Promise((resolve) => {
      this.#closing = resolve;
      this.#timer = setTimeout(() => this.#end(), 2000);
    });
  }

  #send(unit) {
    const message = mediaMessage(unit);
    this.#socket.send(message);
    this.sent += message.length;
    this.flight.send(performance.now(), message.length);
  }

  #handle(message) {
    if (message.type === "accepted") this.#accepted(message);
    else if (message.type === "ack") this.#acknowledged(message);
    else if (message.type === "keyframe") this.#on.keyframe();
    else if (message.type === "refused" || message.type === "error") this.#refused(message);
    else if (message.type === "ended") this.#ended();
  }

  #accepted(message) {
    clearTimeout(this.#timer);
    this.state = "open";
    this.flight = new Flight();
    this.#needsKeyframe = true;
    this.#attempt = 0;
    this.#lostAt = undefined;
    if (Object.keys(this.#tracks).length) this.#socket.send(config(this.#tracks));
    this.#on.accepted(message);
  }

  #acknowledged(message) {
    this.flight.acknowledge(performance.now(), message.bytes);
    this.#on.ack(message);
  }

  #refused(message) {
    this.#end();
    this.#on.refused(message);
  }

  #ended() {
    const asked = this.state === "closed";
    this.#end();
    if (!asked) this.#on.ended();
  }

  #end() {
    clearTimeout(this.#timer);
    this.state = "closed";
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close();
    this.#closing?.();
  }

  #drop() {
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close();
    this.#lost();
  }

  #lost() {
    if (this.state === "closed") return this.#end();
    const now = performance.now();
    this.#lostAt ??= now;
    if (now - this.#lostAt > GIVE_UP) return this.#refused({ type: "lost" });
    this.state = "waiting";
    const pause = PAUSES[Math.min(this.#attempt++, PAUSES.length - 1)];
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.open(), pause * (0.8 + 0.4 * Math.random()));
    this.#on.lost();
  }
}
