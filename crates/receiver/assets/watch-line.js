import { now } from "./watch-base.js";

/** The connection that is always there, or trying to be. */
export class Line {
  constructor(name, on) {
    this.url = new URL(`/watch/${name.split("/").map(encodeURIComponent).join("/")}`, location.href);
    this.url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    this.on = on;
    this.patience = 250;
    this.open();
    addEventListener("online", () => this.again(0));
    document.addEventListener("visibilitychange", () => document.hidden || this.again(0));
  }

  open() {
    const socket = new WebSocket(this.url);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    this.heard = now();
    socket.onopen = () => { this.patience = 250; };
    socket.onmessage = ({ data }) => {
      this.heard = now();
      if (typeof data === "string") this.on.news(JSON.parse(data));
      else this.on.media(data);
    };
    socket.onclose = () => {
      if (socket !== this.socket) return;
      this.on.lost();
      this.again(this.patience);
      this.patience = Math.min(5000, this.patience * 1.7);
    };
  }

  /** Opens a new connection unless there is one. */
  again(wait) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.socket.readyState > 1 && this.open(), wait * (0.8 + Math.random() * 0.4));
  }

  restart() {
    this.socket.close();
  }
}
