// The microphone: AAC by WebCodecs where the browser can, otherwise PCM for the server to encode.

import { Timeline } from "./live-timeline.js";
import { base64, bytesOf, interleaveS16 } from "./live-wire.js";

const RATES = [16000, 22050, 24000, 32000, 44100, 48000]; // that AAC and FLV both carry

export class Sound {
  level = 0; // peak of the last block, 0 to 1
  heardAt = 0; // when the last block came
  codec; // "aac" or "pcm-s16"
  #context;
  #node;
  #source;
  #channels = 1;
  #latency = 0;
  #timeline = new Timeline();
  #encoder;
  #described;
  #on;

  /** `on`: `described(config)`, `unit(unit)`. */
  constructor(on) {
    this.#on = on;
  }

  /** Begins with this microphone, or with silence. */
  async open(track) {
    this.#context = newContext();
    this.#channels = Math.min(2, track?.getSettings().channelCount ?? 1);
    if (!(await supportsAac(this.#aac()))) this.#channels = 1; // two of PCM would take the line from the picture
    await this.#context.audioWorklet.addModule(new URL("./live-audio.js", import.meta.url));
    this.#node = new AudioWorkletNode(this.#context, "blocks", {
      channelCount: this.#channels,
      channelCountMode: "explicit",
      outputChannelCount: [1],
      processorOptions: { channels: this.#channels },
    });
    this.#node.port.onmessage = ({ data }) => this.#block(data);
    this.#node.connect(this.#context.destination); // puts out silence; without it some browsers do not run it
    this.use(track);
    this.resume();
  }

  /** Another microphone on the same timeline. */
  use(track) {
    this.#source?.disconnect();
    this.#source = undefined;
    if (!track) return;
    this.#latency = (track.getSettings().latency || 0) * 1e6;
    this.#source = this.#context.createMediaStreamSource(new MediaStream([track]));
    this.#source.connect(this.#node);
  }

  /** A browser may have paused it: no gesture yet, or a call came in. */
  resume() {
    if (this.#context && this.#context.state !== "running") this.#context.resume().catch(() => {});
  }

  /** Bits per second on the line. */
  get bitrate() {
    if (!this.#context) return 0;
    return this.codec === "aac" ? aacBitrate(this.#channels) : this.#context.sampleRate * this.#channels * 16;
  }

  /** From here on there is output. */
  async start() {
    const config = this.#aac();
    this.#described = undefined;
    if (await supportsAac(config)) this.#encode(config);
    else this.#describePcm();
  }

  #aac() {
    const numberOfChannels = this.#channels;
    const bitrate = aacBitrate(numberOfChannels);
    return { codec: "mp4a.40.2", sampleRate: this.#context.sampleRate, numberOfChannels, bitrate };
  }

  stop() {
    this.codec = undefined;
    this.#described = undefined;
    if (this.#encoder && this.#encoder.state !== "closed") this.#encoder.close();
    this.#encoder = undefined;
  }

  #encode(config) {
    this.codec = "aac";
    this.#encoder = new AudioEncoder({
      output: (chunk, about) => this.#output(chunk, about),
      error: () => this.codec && this.#describePcm(),
    });
    this.#encoder.configure(config);
  }

  #describePcm() {
    this.codec = "pcm-s16";
    this.#encoder = undefined;
    this.#describe({ codec: "pcm-s16" });
  }

  #describe(description) {
    this.#described = { ...description, sampleRate: this.#context.sampleRate, channels: this.#channels };
    this.#on.described(this.#described);
  }

  #output(chunk, { decoderConfig } = {}) {
    const description = decoderConfig?.description;
    if (description) this.#describe({ codec: "mp4a.40.2", description: base64(bytesOf(description)) });
    if (!this.#described) return;
    this.#on.unit({
      pts: this.#timeline.map(chunk.timestamp),
      duration: chunk.duration ?? 0,
      size: chunk.byteLength,
      copyTo: (target) => chunk.copyTo(target),
    });
  }

  #block({ first, samples }) {
    const now = performance.now();
    const rate = this.#context.sampleRate;
    const frames = samples.length / this.#channels;
    const stamp = (first / rate) * 1e6;
    const duration = (frames / rate) * 1e6;
    this.#timeline.observe(stamp, now * 1000 - duration - this.#latency);
    this.heardAt = now;
    this.level = samples.reduce((peak, sample) => Math.max(peak, Math.abs(sample)), 0);
    if (this.codec === "aac") this.#feed(samples, frames, stamp);
    else if (this.codec) this.#pass(samples, stamp, duration);
  }

  #feed(data, numberOfFrames, timestamp) {
    const sound = new AudioData({
      format: "f32-planar",
      sampleRate: this.#context.sampleRate,
      numberOfChannels: this.#channels,
      numberOfFrames,
      timestamp,
      data,
    });
    this.#encoder.encode(sound);
    sound.close();
  }

  #pass(samples, stamp, duration) {
    this.#on.unit({
      pts: this.#timeline.map(stamp),
      duration,
      size: samples.length * 2,
      copyTo: (target) => interleaveS16(samples, this.#channels, target),
    });
  }
}

function newContext() {
  const context = new AudioContext({ sampleRate: 48000, latencyHint: "interactive" });
  return RATES.includes(context.sampleRate) ? context : new AudioContext();
}

async function supportsAac(config) {
  if (!("AudioEncoder" in globalThis)) return false;
  const answer = await AudioEncoder.isConfigSupported(config).catch(() => undefined);
  return Boolean(answer?.supported);
}

const aacBitrate = (channels) => (channels === 1 ? 96_000 : 128_000);
