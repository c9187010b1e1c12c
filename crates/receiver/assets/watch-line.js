import { now, withKey } from "./watch-base.js";

// Milliseconds before the next attempt: after a line that broke, and after a server that said no.
const BROKEN = { first: 250, last: 5000 };
const REFUSED = { first: 5000, last: 60_000 };

/** The connection that is always there, or trying to be. */
export class Line {
  /** `on`: news (a message), media (bytes), lost (the server's reason, or nothing). */
  constructor(path, on) {
    this.url = withKey(new URL(path, location.href));
    this.url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    this.on = on;
    this.pause = 0;
    this.open();
    addEventListener("online", () => this.again(0));
    document.addEventListener("visibilitychange", () => document.hidden || this.again(0));
  }

  open() {
    const socket = new WebSocket(this.url);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    this.heard = now();
    socket.onmessage = ({ data }) => {
      this.heard = now();
      this.pause = 0;
      if (typeof data === "string") this.on.news(JSON.parse(data));
      else this.on.media(data);
    };
    socket.onclose = (event) => socket === this.socket && this.closed(event);
  }

  closed({ reason }) {
    const { first, last } = reason ? REFUSED : BROKEN;
    this.pause = Math.min(last, Math.max(first, this.pause * 1.7));
    this.on.lost(reason);
    this.again(this.pause);
  }

  /** Opens a new connection unless there is one. */
  again(wait) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.socket.readyState > 1 && this.open(), wait * (0.8 + Math.random() * 0.4));
  }

  /** Says something to the server, if it is there. */
  say(words) {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(words));
  }

  restart() {
    this.socket.close();
  }

  /** For ever. */
  stop() {
    clearTimeout(this.timer);
    this.again = () => {};
    this.socket.onclose = null;
    this.socket.close();
  }
}
