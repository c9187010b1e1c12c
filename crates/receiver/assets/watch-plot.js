import { clamp, now } from "./watch-base.js";

const HISTORY = 60; // seconds

/** The last minute's bitrate and latency. */
export class Plot {
  constructor(canvas) {
    this.canvas = canvas;
    this.samples = [];
    new ResizeObserver(() => this.draw()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  add(bitrate, latency) {
    const at = now();
    this.samples.push({ at, bitrate, latency });
    while (this.samples[0].at < at - HISTORY - 2) this.samples.shift();
    this.draw();
  }

  draw() {
    const { canvas } = this;
    const ratio = devicePixelRatio || 1;
    const width = canvas.clientWidth;
    const height = canvas.clientHeight;
    if (!width) return;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    const pen = canvas.getContext("2d");
    pen.scale(ratio, ratio);
    const style = getComputedStyle(canvas);
    const colour = (name) => style.getPropertyValue(name).trim();
    const box = { left: 38, right: width - 38, top: 8, bottom: height - 18 };
    const bitrate = scale(this.samples.map((sample) => sample.bitrate / 1e6), 1);
    const latency = scale(this.samples.map((sample) => sample.latency), 0.5);

    pen.font = `11px ${style.fontFamily}`;
    pen.textBaseline = "middle";
    for (const part of [0, 0.5, 1]) {
      const y = Math.round(box.bottom - part * (box.bottom - box.top)) + 0.5;
      pen.strokeStyle = colour("--line");
      pen.lineWidth = 1;
      pen.beginPath();
      pen.moveTo(box.left, y);
      pen.lineTo(box.right, y);
      pen.stroke();
      pen.textAlign = "right";
      pen.fillStyle = colour("--bitrate");
      pen.fillText(short(part * bitrate) + (part === 1 ? " M" : ""), box.left - 7, y);
      pen.textAlign = "left";
      pen.fillStyle = colour("--latency");
      pen.fillText(short(part * latency) + (part === 1 ? " s" : ""), box.right + 7, y);
    }
    pen.fillStyle = colour("--faint");
    pen.textAlign = "left";
    pen.fillText("60 s ago", box.left, height - 6);
    pen.textAlign = "right";
    pen.fillText("now", box.right, height - 6);
    this.line(pen, box, colour("--bitrate"), (sample) => sample.bitrate === null ? null : sample.bitrate / 1e6 / bitrate);
    this.line(pen, box, colour("--latency"), (sample) => sample.latency === null ? null : sample.latency / latency);
  }

  line(pen, box, colour, of) {
    const end = this.samples.at(-1)?.at ?? 0;
    let down = false;
    pen.beginPath();
    for (const sample of this.samples) {
      const part = of(sample);
      const x = box.right - (end - sample.at) / HISTORY * (box.right - box.left);
      if (part === null || x < box.left) {
        down = false;
        continue;
      }
      const y = box.bottom - clamp(part, 0, 1) * (box.bottom - box.top);
      if (down) pen.lineTo(x, y);
      else pen.moveTo(x, y);
      down = true;
    }
    pen.strokeStyle = colour;
    pen.lineWidth = 1.75;
    pen.lineJoin = "round";
    pen.stroke();
  }

  describe(text) {
    this.canvas.setAttribute("aria-label", text);
  }
}

/** A round number at or above all of `values`, and `least`. */
export function scale(values, least) {
  const top = Math.max(least, ...values.filter((value) => value !== null)) * 1.05;
  const power = 10 ** Math.floor(Math.log10(top));
  return power * [1, 2, 3, 4, 5, 6, 8, 10].find((step) => step * power >= top);
}

export function short(value) {
  return String(Math.round(value * 100) / 100);
}
