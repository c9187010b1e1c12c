// The last minute of a figure, as an area.

const POINTS = 60;

export class Plot {
  #canvas;
  #values = [];
  #scale;

  /** `scale(top)` is told what the upper edge means. */
  constructor(canvas, scale) {
    this.#canvas = canvas;
    this.#scale = scale;
    new ResizeObserver(() => this.draw()).observe(canvas);
  }

  clear() {
    this.#values = [];
    this.draw();
  }

  add(value) {
    this.#values.push(value);
    if (this.#values.length > POINTS) this.#values.shift();
    this.draw();
  }

  draw() {
    const { width, height } = this.#canvas.getBoundingClientRect();
    if (!width) return;
    const ratio = devicePixelRatio;
    this.#canvas.width = width * ratio;
    this.#canvas.height = height * ratio;
    const context = this.#canvas.getContext("2d");
    context.scale(ratio, ratio);
    const top = roundUp(Math.max(...this.#values, 1000));
    this.#scale(this.#values.length ? top : undefined);
    this.#grid(context, width, height);
    if (this.#values.length > 1) this.#area(context, width, height, top);
  }

  #color(name) {
    return getComputedStyle(this.#canvas).getPropertyValue(name).trim();
  }

  #grid(context, width, height) {
    context.strokeStyle = this.#color("--line");
    for (const y of [0.5, Math.round(height / 2) + 0.5, height - 0.5]) {
      context.beginPath();
      context.moveTo(0, y);
      context.lineTo(width, y);
      context.stroke();
    }
  }

  #area(context, width, height, top) {
    const step = width / (POINTS - 1);
    const first = width - step * (this.#values.length - 1);
    const line = new Path2D();
    this.#values.forEach((value, i) => line.lineTo(first + i * step, height - 1 - (value / top) * (height - 3)));
    context.lineWidth = 1.75;
    context.lineJoin = "round";
    context.strokeStyle = this.#color("--bitrate");
    context.stroke(line);
    line.lineTo(width, height);
    line.lineTo(first, height);
    context.globalAlpha = 0.13;
    context.fillStyle = this.#color("--bitrate");
    context.fill(line);
  }
}

// 1, 2, 3, 4, 6 or 8 times a power of ten.
function roundUp(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 3, 4, 6, 8, 10].find((digit) => digit * power >= value) * power;
}
