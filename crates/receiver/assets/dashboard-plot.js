// The last minutes as lines and bars, with gaps and connections marked.

import { clamp } from "./watch-base.js";
import { scale, short } from "./watch-plot.js";

/** Seconds of the past to show: as much as there is, and ten minutes at most. */
const SPANS = [60, 120, 300, 600];

/** A plot of samples, each `{ at }` in seconds and what the series make of it. */
export class Plot {
  /** `series`: `{ of, colour, dashed, bars }`; `unit` of the axis, `least` its smallest top. */
  constructor(canvas, { series, unit, least }) {
    Object.assign(this, { canvas, series, unit, least, samples: [], marks: [] });
    new ResizeObserver(() => this.draw()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  show(samples, marks) {
    Object.assign(this, { samples, marks });
    this.draw();
  }

  draw() {
    const { canvas, samples } = this;
    const ratio = devicePixelRatio || 1;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    if (!width || document.hidden) return;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    const pen = canvas.getContext("2d");
    pen.scale(ratio, ratio);
    const style = getComputedStyle(canvas);
    const colour = (name) => style.getPropertyValue(name).trim();
    const end = samples.at(-1)?.at ?? 0;
    const span = spanOf(samples);
    const box = { left: 40, right: width - 2, top: 8, bottom: height - 18 };
    const x = (at) => box.right - (end - at) / span * (box.right - box.left);
    const shown = samples.filter((sample) => sample.at >= end - span);
    const top = scale(this.series.flatMap(({ of }) => shown.map(of)), this.least);
    const y = (value) => box.bottom - clamp(value / top, 0, 1) * (box.bottom - box.top);

    pen.font = `11px ${style.fontFamily}`;
    this.bands(pen, box, x, colour);
    this.axes(pen, box, top, colour, span);
    for (const { of, colour: name, dashed, bars } of this.series) {
      pen.strokeStyle = pen.fillStyle = colour(name);
      if (bars) this.bars(pen, box, shown, of, x, y);
      else this.line(pen, shown, of, dashed, x, y);
    }
  }

  /** Gaps, and when a connection began or was lost. */
  bands(pen, box, x, colour) {
    for (const { from, to, kind } of this.marks) {
      const [left, right] = [clamp(x(from), box.left, box.right), clamp(x(to), box.left, box.right)];
      if (x(to) < box.left) continue;
      if (kind === "gap") {
        pen.fillStyle = colour("--gap");
        pen.fillRect(left, box.top, Math.max(right - left, 1.5), box.bottom - box.top);
      } else {
        pen.strokeStyle = colour("--soft");
        pen.lineWidth = 1;
        pen.setLineDash([2, 3]);
        stroke(pen, [[left, box.top], [left, box.bottom]]);
        pen.setLineDash([]);
      }
    }
  }

  axes(pen, box, top, colour, span) {
    // Thousands of milliseconds are seconds.
    const [unit, shown] = this.unit === " ms" && top >= 1000 ? [" s", top / 1000] : [this.unit, top];
    pen.textBaseline = "middle";
    pen.lineWidth = 1;
    for (const part of [0, 0.5, 1]) {
      const y = Math.round(box.bottom - part * (box.bottom - box.top)) + 0.5;
      pen.strokeStyle = colour("--line");
      stroke(pen, [[box.left, y], [box.right, y]]);
      pen.textAlign = "right";
      pen.fillStyle = colour("--soft");
      pen.fillText(short(part * shown) + (part === 1 ? unit : ""), box.left - 6, y);
    }
    const past = span < 120 ? `${span} s ago` : `${span / 60} min ago`;
    pen.textAlign = "left";
    pen.fillText(past, box.left, box.bottom + 11);
    pen.textAlign = "right";
    pen.fillText("now", box.right, box.bottom + 11);
  }

  line(pen, shown, of, dashed, x, y) {
    pen.lineWidth = dashed ? 1.25 : 1.75;
    pen.lineJoin = "round";
    pen.setLineDash(dashed ? [5, 4] : []);
    let piece = [];
    for (const sample of shown) {
      const value = of(sample);
      if (value !== null) piece.push([x(sample.at), y(value)]);
      else if (piece.length) {
        stroke(pen, piece);
        piece = [];
      }
    }
    stroke(pen, piece);
    pen.setLineDash([]);
  }

  bars(pen, box, shown, of, x, y) {
    const wide = Math.max(2, (box.right - box.left) / (spanOf(this.samples)) - 1);
    for (const sample of shown) {
      const value = of(sample);
      const high = value ? Math.max(box.bottom - y(value), 2) : 0;
      if (high) pen.fillRect(Math.max(x(sample.at) - wide, box.left), box.bottom - high, wide, high);
    }
  }

  describe(text) {
    this.canvas.setAttribute("aria-label", text);
  }
}

function stroke(pen, points) {
  pen.beginPath();
  for (const [x, y] of points) pen.lineTo(x, y);
  pen.stroke();
}

function spanOf(samples) {
  const age = samples.length ? samples.at(-1).at - samples[0].at : 0;
  return SPANS.find((span) => span >= age) ?? SPANS.at(-1);
}
