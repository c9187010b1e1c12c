// Pictures to H.264 by WebCodecs: hardware where there is any, and a keyframe every two seconds.

import { base64, bytesOf } from "./live-wire.js";

const KEYFRAME_EVERY = 2_000_000;
const FULL = 3; // pictures inside the encoder: one more would only wait
const PROFILES = ["6400", "4d00", "42e0"]; // high, main, constrained baseline
// Macroblocks per second and per picture that a level allows (ISO 14496-10, table A-1).
const LEVELS = [
  [0x1e, 40_500, 1_620],
  [0x1f, 108_000, 3_600],
  [0x20, 216_000, 5_120],
  [0x28, 245_760, 8_192],
  [0x2a, 522_240, 8_704],
  [0x33, 983_040, 36_864],
];

/** The lowest level for pictures of this size and rate. */
export function level({ width, height }, frameRate) {
  const blocks = Math.ceil(width / 16) * Math.ceil(height / 16);
  const fits = LEVELS.find(([, perSecond, perPicture]) => blocks <= perPicture && blocks * frameRate <= perSecond);
  return (fits ?? LEVELS[LEVELS.length - 1])[0];
}

/** The size to encode: the camera's shape, the shorter side at most `limit`, even, never enlarged. */
export function fit(width, height, limit) {
  const scale = Math.min(1, limit / Math.min(width, height));
  const even = (side) => Math.max(2, Math.floor((side * scale) / 2 + 1e-6) * 2);
  return { width: even(width), height: even(height) };
}

/** Configurations that this browser says it can do, best first. */
export async function candidates(size, frameRate, bitrate) {
  const found = [];
  for (const config of wishes(size, frameRate, bitrate)) {
    const { supported } = await VideoEncoder.isConfigSupported(config).catch(() => ({ supported: false }));
    if (supported) found.push(config);
    if (found.length === 4) break;
  }
  return found;
}

function* wishes(size, framerate, bitrate) {
  const suffix = level(size, framerate).toString(16).padStart(2, "0");
  for (const hardwareAcceleration of ["prefer-hardware", "no-preference"]) {
    for (const profile of PROFILES) {
      for (const bitrateMode of ["constant", "variable"]) {
        const codec = `avc1.${profile}${suffix}`;
        const base = { codec, ...size, framerate, bitrate, bitrateMode, hardwareAcceleration };
        yield { ...base, latencyMode: "realtime", avc: { format: "avc" } };
      }
    }
  }
}

/** Encodes; begins again by itself when the picture's shape or the wish changes. */
export class Pictures {
  config; // what the encoder was given
  dropped = 0; // pictures that the encoder had no time for
  #wish;
  #on;
  #encoder;
  #candidates = [];
  #shape = ""; // of the camera's pictures, and of the wish, that the encoder was made for
  #keyframeAt = -Infinity;
  #last = -Infinity;
  #preparing = false;
  #repaints = false; // the camera's own pictures are in a form that the encoder does not take
  #canvas;
  #described;

  /** `on`: `described(config)`, `unit(unit)`, `failed(error)`. */
  constructor(wish, on) {
    this.#wish = wish;
    this.#on = on;
  }

  /** `limit` (shorter side), `frameRate`, `bitrate`. */
  set wish(wish) {
    this.#wish = wish;
  }

  /** Whether an encoder this full would only delay. */
  get full() {
    return (this.#encoder?.encodeQueueSize ?? 0) >= FULL;
  }

  requestKeyframe() {
    this.#keyframeAt = -Infinity;
  }

  /** The size of what this camera's pictures are encoded to at most, or undefined. */
  sizeWithin(limit) {
    const [width, height] = this.#shape.split(",").map(Number);
    return height ? fit(width, height, limit) : undefined;
  }

  /** Retunes without a new sequence. */
  setBitrate(bitrate) {
    this.#wish = { ...this.#wish, bitrate };
    if (!this.#usable || this.config.bitrate === bitrate) return;
    this.config = { ...this.config, bitrate };
    this.#encoder.configure(this.config);
  }

  /** Takes the picture, and always closes it. True when it is on its way. */
  encode(frame, pts) {
    const shape = [frame.displayWidth, frame.displayHeight, this.#wish.limit, this.#wish.frameRate].join();
    if (shape !== this.#shape) this.#prepare(frame, shape);
    const taken = this.#usable && !this.#preparing && pts > this.#last && this.#take(frame, pts);
    frame.close();
    return Boolean(taken);
  }

  /** What is inside the encoder comes out. */
  async finish() {
    if (this.#usable) await Promise.race([this.#encoder.flush().catch(() => {}), new Promise((r) => setTimeout(r, 700))]);
    this.close();
  }

  close() {
    if (this.#usable) this.#encoder.close();
    this.#encoder = undefined;
    this.#shape = "";
  }

  get #usable() {
    return this.#encoder?.state === "configured";
  }

  #take(frame, pts) {
    if (this.full) {
      this.dropped += 1;
      return false;
    }
    const keyFrame = pts - this.#keyframeAt >= KEYFRAME_EVERY - 5_000;
    if (keyFrame) this.#keyframeAt = pts;
    this.#last = pts;
    const picture = this.#fitted(frame, pts);
    this.#encoder.encode(picture, { keyFrame });
    picture.close();
    return true;
  }

  // The camera's picture as it is, unless it has to be turned, made smaller or put in another form.
  #fitted(frame, timestamp) {
    const { width, height } = this.config;
    const turned = frame.rotation || frame.flip;
    if (!turned && !this.#repaints && frame.displayWidth === width && frame.displayHeight === height) {
      return new VideoFrame(frame, { timestamp });
    }
    this.#canvas ??= new OffscreenCanvas(width, height);
    if (this.#canvas.width !== width) this.#canvas.width = width;
    if (this.#canvas.height !== height) this.#canvas.height = height;
    this.#canvas.getContext("2d", { alpha: false, desynchronized: true }).drawImage(frame, 0, 0, width, height);
    return new VideoFrame(this.#canvas, { timestamp });
  }

  async #prepare({ displayWidth, displayHeight }, shape) {
    this.#shape = shape;
    this.#preparing = true;
    const { limit, frameRate, bitrate } = this.#wish;
    const found = await candidates(fit(displayWidth, displayHeight, limit), frameRate, bitrate);
    if (shape !== this.#shape) return;
    this.#candidates = found;
    this.#repaints = false;
    this.#next(new Error("This browser has no H.264 encoder for a picture of this size."));
    this.#preparing = false;
  }

  #next(reason) {
    const config = this.#candidates.shift();
    if (!config) return this.#on.failed(reason);
    this.#begin(config);
  }

  // An encoder that fails gets repainted pictures; when that was not it, the next one gets its turn.
  #recover(error) {
    if (this.#repaints) return this.#next(error);
    this.#repaints = true;
    this.#begin(this.config);
  }

  #begin(config) {
    if (this.#usable) this.#encoder.close();
    this.config = { ...config, bitrate: this.#wish.bitrate };
    const encoder = (this.#encoder = new VideoEncoder({
      output: (chunk, about) => encoder === this.#encoder && this.#output(chunk, about),
      error: (error) => encoder === this.#encoder && this.#recover(error),
    }));
    encoder.configure(this.config);
    this.requestKeyframe();
  }

  #output(chunk, { decoderConfig } = {}) {
    if (decoderConfig) this.#describe(decoderConfig);
    if (!this.#described) return;
    this.#on.unit({
      keyframe: chunk.type === "key",
      pts: chunk.timestamp,
      duration: chunk.duration ?? 0,
      size: chunk.byteLength,
      copyTo: (target) => chunk.copyTo(target),
    });
  }

  #describe({ codec, description }) {
    if (!description) return;
    const { width, height } = this.config;
    this.#described = {
      codec,
      description: base64(bytesOf(description)),
      width,
      height,
      frameRate: this.#wish.frameRate,
    };
    this.#on.described(this.#described);
  }
}
