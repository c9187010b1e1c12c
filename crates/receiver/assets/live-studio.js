// The broadcast: camera, microphone, encoders, rate and link, and what they mean for each other.

import { devices, facesUser, openBoth, openCamera, openMicrophone } from "./live-camera.js";
import { Pictures } from "./live-encoder.js";
import { Link } from "./live-link.js";
import { readFrames } from "./live-reader.js";
import { Sound } from "./live-sound.js";
import { Pacer, Timeline } from "./live-timeline.js";
import { newSession } from "./live-wire.js";

const TICK = 200;
const BUSY = 300; // ms by which the page's own timer is late: the device has too much to do
const FIRST = 1_500_000; // bits per second until the line is known
const RISE_EVERY = 200; // ms: an encoder is emptied to be retuned

/** Bits per second that suit a picture. */
export function suitableBitrate({ limit, frameRate }) {
  const at30 = { 360: 800_000, 540: 1_500_000, 720: 2_500_000, 1080: 4_500_000 }[limit];
  return Math.round((at30 * (0.4 + (0.6 * frameRate) / 30)) / 50_000) * 50_000;
}

export class Studio {
  size; // of the pictures that are sent
  mirrored = true;
  muted = false;
  refreshed = 0; // when the last picture came
  #video;
  #settings;
  #on;
  #camera;
  #microphone;
  #stopFrames = () => {};
  #frames = new Timeline();
  #pacer = new Pacer(30);
  #sound;
  #pictures;
  #link;
  #advice;
  #tunedAt = -Infinity;
  #timer;
  #tickedAt;
  #count = fresh();

  /** `video`: shows the camera. `on`: changed, accepted, ack, refused, ended, failed. */
  constructor(video, settings, on) {
    this.#video = video;
    this.#settings = settings;
    this.#on = on;
  }

  get state() {
    if (!this.#link) return "ready";
    return this.#count.begun === undefined ? "connecting" : this.#link.isOpen ? "live" : "away";
  }

  get hasMicrophone() {
    return Boolean(this.#microphone);
  }

  get level() {
    return this.muted ? 0 : (this.#sound?.level ?? 0);
  }

  /** Asks for camera and microphone. Throws when there is no camera; does without a microphone. */
  async open() {
    const { camera, microphone } = await openBoth(this.#settings);
    this.#show(camera);
    this.#microphone = microphone;
    this.#sound = new Sound({
      described: (description) => this.#link?.configure("audio", description),
      unit: (unit) => this.#link?.audio(unit),
    });
    await this.#sound.open(this.#microphone);
    this.#timer = setInterval(() => this.#tick(), TICK);
  }

  devices() {
    return devices();
  }

  /** The camera on the other side, or the next one. */
  async flip() {
    const { cameras } = await devices();
    const facing = this.#camera.getSettings().facingMode;
    const current = cameras.findIndex(({ deviceId }) => deviceId === this.#camera.getSettings().deviceId);
    const next = cameras[(current + 1) % cameras.length]?.deviceId ?? "";
    const wish = facing ? { camera: "", facing: facing === "user" ? "environment" : "user" } : { camera: next };
    await this.apply({ ...this.#settings, ...wish });
    return wish;
  }

  mute(muted) {
    this.muted = muted;
    if (this.#microphone) this.#microphone.enabled = !muted;
  }

  /** Takes new settings, on air or not. */
  async apply(settings) {
    const old = this.#settings;
    this.#settings = settings;
    const differs = (...keys) => keys.some((key) => old[key] !== settings[key]);
    if (differs("camera", "facing", "limit", "frameRate")) await this.#openCamera();
    if (differs("microphone", "natural")) await this.#changeMicrophone();
    if (!this.#pictures) return;
    this.#pictures.wish = this.#wish();
    this.#tellWish();
  }

  /** A page that was away may find its devices paused. */
  resume() {
    this.#sound?.resume();
    this.#video.play().catch(() => {});
    if (this.#camera?.readyState === "ended") this.#openCamera().catch(() => {});
  }

  hurry() {
    this.#link?.hurry();
  }

  goLive({ url, token, name, software }) {
    this.#count = fresh();
    this.#sound.resume();
    this.#advice = undefined;
    this.#pictures = new Pictures(this.#wish(), {
      described: (description) => this.#described(description),
      unit: (unit) => this.#unit(unit),
      failed: (error) => this.#fail(error),
    });
    const greeting = { token, name, session: newSession(), software };
    this.#link = new Link(url, greeting, {
      ...this.#on,
      accepted: (message) => this.#accepted(message),
      ack: (message) => this.#acknowledged(message),
      keyframe: () => this.#pictures?.requestKeyframe(),
      lost: () => this.#on.changed(),
      refused: (message) => this.#stop(() => this.#on.refused(message)),
      ended: () => this.#stop(() => this.#on.ended()),
    });
    this.#link.open();
  }

  /** Sends what is under way, says goodbye, and tells what it was. */
  async end() {
    await this.#pictures?.finish();
    await this.#link?.close();
    const summary = this.summary();
    this.#stop(() => {});
    return summary;
  }

  /** The page goes away: as much of a goodbye as there is time for. */
  abandon() {
    this.#link?.close();
  }

  summary() {
    const { begun, frames, skipped } = this.#count;
    const seconds = begun === undefined ? 0 : (performance.now() - begun) / 1000;
    return { seconds, frames, skipped, bytes: this.#link?.sent ?? this.#count.bytes };
  }

  /** Figures of this moment. */
  stats() {
    const now = performance.now();
    const recent = this.#count.recent.filter(({ at }) => at > now - 2000);
    this.#count.recent = recent;
    const span = Math.max(0.5, Math.min(2, (now - (this.#count.begun ?? now)) / 1000));
    const bytes = recent.reduce((sum, { size }) => sum + size, 0);
    return {
      ...this.summary(),
      bitrate: (bytes * 8) / span + (this.#link?.isOpen ? this.#sound.bitrate : 0),
      frameRate: recent.length / span,
      waiting: this.#link?.isOpen ? this.#link.outbox.waiting(now) : 0,
      awayFor: this.#link?.lostFor(now) ?? 0,
      target: this.#target,
      carries: this.#advice?.carries,
      reduced: this.#advice?.carries !== undefined && this.#target < this.#settings.bitrate * 0.85,
      skipping: now - this.#count.skippedAt < 500,
      overloaded: now - this.#count.fullAt < 3000,
      blindFor: now - this.refreshed,
      deafFor: now - (this.#sound?.heardAt ?? now),
      encoder: this.#pictures?.config,
      soundCodec: this.#sound?.codec,
    };
  }

  #wish() {
    const { limit, frameRate } = this.#settings;
    return { limit: Math.min(limit, this.#advice?.side ?? limit), frameRate, bitrate: this.#target };
  }

  get #target() {
    return Math.min(this.#settings.bitrate, this.#advice?.bitrate ?? Infinity);
  }

  async #openCamera() {
    this.#stopFrames();
    this.#camera?.stop(); // a phone lends one camera at a time
    this.#show(await openCamera(this.#settings));
  }

  #show(camera) {
    this.#camera = camera;
    this.mirrored = facesUser(camera);
    this.#video.srcObject = new MediaStream([camera]);
    this.#video.play().catch(() => {});
    this.#frames = new Timeline();
    this.#pace();
    this.refreshed = performance.now();
    const shown = { video: this.#video, frameRate: this.#settings.frameRate };
    this.#stopFrames = readFrames(camera, shown, (frame, stamp) => this.#frame(frame, stamp));
    camera.addEventListener("ended", () => camera === this.#camera && this.#on.changed());
    this.#on.changed();
  }

  async #changeMicrophone() {
    this.#microphone?.stop();
    this.#microphone = await openMicrophone(this.#settings).catch(() => undefined);
    if (this.#microphone) this.#microphone.enabled = !this.muted;
    this.#sound.use(this.#microphone);
  }

  // Every picture of the camera. What will not be sent is not encoded either.
  #frame(frame, stamp) {
    const now = performance.now();
    this.#frames.observe(stamp, now * 1000);
    this.refreshed = now;
    const pts = Math.round(this.#frames.map(stamp));
    if (!this.#link?.isOpen || !this.#pacer.takes(pts)) return frame.close();
    if (this.#isBacklogged()) {
      this.#count.skipped += 1;
      this.#count.skippedAt = now;
      return frame.close();
    }
    if (this.#pictures.full) this.#count.fullAt = now;
    const prepared = Boolean(this.#pictures.config);
    if (!this.#pictures.encode(frame, pts) && prepared) this.#count.skipped += 1;
  }

  // By the server's advice; a server that gives none may have a second of it outstanding.
  #isBacklogged() {
    const above = this.#advice?.skipAbove ?? (this.#target + this.#sound.bitrate) / 8;
    return this.#link.outbox.backlog > above;
  }

  #acknowledged(message) {
    const { advice } = this.#link.outbox;
    if (advice) this.#obey(advice, performance.now());
    this.#on.ack(message);
  }

  // Less at once, more not so often; a smaller picture is a new sequence.
  #obey(advice, now) {
    const before = this.#advice;
    this.#advice = advice;
    const rises = this.#target > (this.#pictures.config?.bitrate ?? 0);
    if (!rises || now - this.#tunedAt > RISE_EVERY) {
      this.#tunedAt = now;
      this.#pictures.setBitrate(this.#target);
    }
    if (before?.side !== advice.side) this.#pictures.wish = this.#wish();
    if (before?.every !== advice.every) this.#pace();
  }

  #pace() {
    this.#pacer = new Pacer(this.#settings.frameRate / (this.#advice?.every ?? 1));
  }

  #tellWish() {
    const { limit, frameRate, bitrate } = this.#settings;
    const size = this.#pictures?.sizeWithin(limit);
    if (size) this.#link?.wish({ ...size, frameRate, bitrate, audio: this.#sound.bitrate });
  }

  #accepted(message) {
    const first = this.#count.begun === undefined;
    this.#count.begun ??= performance.now();
    this.#advice = message.advises ? { bitrate: FIRST } : undefined;
    this.#pictures.wish = this.#wish();
    this.#pictures.requestKeyframe();
    if (first) this.#sound.start();
    this.#on.accepted(message);
  }

  #described(description) {
    const { width, height } = description;
    this.size = { width, height };
    this.#link?.configure("video", description);
    this.#tellWish();
    this.#on.changed();
  }

  #unit(unit) {
    if (!this.#link?.video(unit)) return this.#link?.isOpen && !unit.keyframe && this.#lostKeyframe();
    this.#count.frames += 1;
    this.#count.recent.push({ at: performance.now(), size: unit.size });
  }

  // The line wants a keyframe before anything else; there is none on the way if it was sent into a broken line.
  #lostKeyframe() {
    const now = performance.now();
    if (now - this.#count.askedAt < 500) return;
    this.#count.askedAt = now;
    this.#pictures?.requestKeyframe();
  }

  #tick() {
    const now = performance.now();
    if (now - (this.#tickedAt ?? now) > TICK + BUSY) this.#count.fullAt = now;
    this.#tickedAt = now;
    this.#link?.check(now);
  }

  #fail(error) {
    this.#link?.close();
    this.#stop(() => this.#on.failed(error));
  }

  #stop(tell) {
    this.#count.bytes = this.#link?.sent ?? 0;
    this.#sound?.stop();
    this.#pictures?.close();
    this.#pictures = this.#link = undefined;
    tell();
  }
}

function fresh() {
  return { begun: undefined, frames: 0, skipped: 0, bytes: 0, recent: [], fullAt: -Infinity, skippedAt: -Infinity, askedAt: -Infinity };
}
