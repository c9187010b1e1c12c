// One WebSocket to the server, and another when it breaks: the session and its timeline go on.

import { Outbox } from "./live-outbox.js";
import { AUDIO, VIDEO, bye, config, hello, mediaMessage, wish } from "./live-wire.js";

const PAUSES = [0, 300, 1000, 2000, 3000]; // ms before each attempt; the last one repeats
const GIVE_UP = 60_000; // ms without a connection
const SILENCE = 8_000; // ms without an acknowledgement for what was sent: the line is dead
const ANSWER = 6_000; // ms to be accepted in

export class Link {
  state = "closed"; // connecting, open, waiting, closed
  outbox;
  sent = 0; // bytes over all connections
  #socket;
  #greeting;
  #url;
  #on;
  #tracks = {};
  #wish;
  #advises = false;
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
    const oldest = this.outbox?.oldest;
    if (this.isOpen && oldest !== undefined && now - oldest > SILENCE) this.#drop();
  }

  /** A track's configuration; what follows it is in its terms. */
  configure(track, description) {
    if (JSON.stringify(this.#tracks[track]) === JSON.stringify(description)) return;
    this.#tracks[track] = description;
    if (track === "video") this.#needsKeyframe = true;
    if (this.isOpen) this.outbox.configure(performance.now(), track, config({ [track]: description }));
  }

  /** What would be encoded on a line without limits. */
  wish(about) {
    const text = wish(about);
    if (text === this.#wish) return;
    this.#wish = text;
    if (this.isOpen && this.#advises) this.#socket.send(text);
  }

  /** Sends a picture; false when it has to be a keyframe and is none, or nobody listens. */
  video(unit) {
    if (!this.isOpen || !this.#tracks.video || (this.#needsKeyframe && !unit.keyframe)) return false;
    const message = this.#message({ kind: VIDEO, ...unit });
    const taken = this.outbox.video(performance.now(), message, unit.keyframe);
    this.#needsKeyframe = !taken;
    return taken;
  }

  audio(unit) {
    if (this.isOpen && this.#tracks.audio) this.outbox.audio(performance.now(), this.#message({ kind: AUDIO, ...unit }));
  }

  /** Says goodbye; resolves when the server has answered, or does not. */
  close() {
    clearTimeout(this.#timer);
    const wasOpen = this.isOpen;
    this.state = "closed";
    if (!wasOpen) return this.#end();
    this.outbox.flush(performance.now());
    this.#socket.send(bye());
    return new Promise((resolve) => {
      this.#closing = resolve;
      this.#timer = setTimeout(() => this.#end(), 2000);
    });
  }

  #message(unit) {
    const message = mediaMessage(unit);
    this.sent += message.length;
    return message;
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
    const socket = this.#socket;
    this.#advises = Boolean(message.advises);
    this.outbox = new Outbox((data) => socket.send(data), this.#advises);
    this.#needsKeyframe = true;
    this.#attempt = 0;
    this.#lostAt = undefined;
    if (Object.keys(this.#tracks).length) socket.send(config(this.#tracks));
    if (this.#wish && this.#advises) socket.send(this.#wish);
    this.#on.accepted(message);
  }

  #acknowledged(message) {
    this.outbox.acknowledge(performance.now(), message);
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
