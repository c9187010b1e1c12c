// Fragmented MP4 into MSE, close behind live and steady.

import { clamp, now } from "./watch-base.js";

// How far behind live to be, in seconds: as little as this browser and this line allow.
const NEAREST = 0.2;
const FARTHEST = 1.5;
// Beyond this far, or after this long, catching up by rate would take longer than anybody waits.
const LOST = 6;
const TO_CATCH_UP = 12;

/** Puts segments into a video element and keeps it close to the newest. */
export class Player {
  constructor(video, onTrouble) {
    this.video = video;
    this.onTrouble = onTrouble;
    this.source = null;
    this.stop();
    video.addEventListener("waiting", () => this.stalled());
    video.addEventListener("error", () => this.source && this.onTrouble("decode"));
    setInterval(() => this.steer(), 100);
    this.watch();
  }

  get playing() {
    return this.begun && this.video.readyState > 2 && !this.video.paused;
  }

  /** Seconds between the newest frame there could be here and the one that is shown: what can be steered. */
  get behind() {
    return this.begun && this.lead !== null ? Math.max(0, now() + this.lead - this.video.currentTime) : null;
  }

  /** Seconds between the newest frame there could be at the server and those that were shown of late. */
  get latency() {
    const { behind, shown } = this;
    if (behind === null || this.edge === null) return behind;
    // A frame grows older until the next one takes its place.
    const ages = shown.slice(1).map((next, i) => (next.at + shown[i].at) / 2 + this.edge - shown[i].time);
    if (ages.length && shown.at(-1).at > now() - 1) return ages.reduce((sum, age) => sum + age, 0) / ages.length;
    return Math.max(behind, now() + this.edge - this.video.currentTime + this.frameTime / 2);
  }

  /** Notes which frames are shown, and when. */
  watch() {
    const { video } = this;
    const note = (_, { mediaTime, expectedDisplayTime }) => {
      video.requestVideoFrameCallback(note);
      // WebKit counts from the first frame, not on the timeline.
      if (Math.abs(mediaTime - video.currentTime) > 0.5) return;
      this.shown.push({ at: expectedDisplayTime / 1000, time: mediaTime });
      while (this.shown[0].at < now() - 1) this.shown.shift();
    };
    video.requestVideoFrameCallback?.(note);
  }

  /** The server says which frame reaches it now: what that takes the media to get here is part of being behind. */
  learnEdge(live) {
    const at = now();
    this.edges.push({ at, lead: live - at });
    while (this.edges[0].at < at - 8) this.edges.shift();
    this.edge = Math.max(...this.edges.map((sample) => sample.lead));
  }

  start(mime) {
    const Source = window.ManagedMediaSource ?? window.MediaSource;
    if (!Source?.isTypeSupported(mime)) {
      this.onTrouble(Source ? "codec" : "mse");
      return;
    }
    if (this.buffer && this.sameTracks(mime)) {
      // Another size or profile: the next init segment says all, the buffer stays.
      this.queue.push({ mime });
      this.mime = mime;
      return;
    }
    this.stop();
    this.mime = mime;
    const source = new Source();
    this.source = source;
    this.url = URL.createObjectURL(source);
    this.video.src = this.url;
    source.addEventListener("sourceopen", () => {
      if (source !== this.source) return;
      this.buffer = source.addSourceBuffer(mime);
      this.buffer.addEventListener("updateend", () => this.updated());
      this.buffer.addEventListener("error", () => this.onTrouble("decode"));
      this.pump();
    }, { once: true });
  }

  stop() {
    this.source = null;
    this.buffer = null;
    this.queue = [];
    this.begun = false;
    this.mime = "";
    this.lead = null;     // live edge less the clock
    this.leads = [];      // what recent arrivals say about it
    this.edge = null;     // the server's live edge less the clock
    this.edges = [];      // what it said lately
    this.shown = [];      // frames of the last second
    this.frameTime = 0;   // seconds that one is shown
    this.target = NEAREST;
    this.floor = NEAREST;
    this.calm = now();
    this.fed = now();
    this.timely = now();
    this.frames = -1;
    this.moved = now();
    if (this.url) URL.revokeObjectURL(this.url);
    this.url = null;
    if (this.video.src) {
      this.video.removeAttribute("src");
      this.video.load();
    }
  }

  sameTracks(mime) {
    const kinds = (text) => text.split(",").length + text.split("/")[0];
    return kinds(mime) === kinds(this.mime) && typeof this.buffer.changeType === "function";
  }

  append(bytes) {
    this.fed = now();
    this.queue.push({ bytes, arrived: this.fed });
    this.pump();
  }

  pump() {
    const buffer = this.buffer;
    if (!buffer || buffer.updating || !this.queue.length || this.video.error) return;
    if (this.trim()) return;
    if (this.queue[0].mime) {
      buffer.changeType(this.queue.shift().mime);
      return this.pump();
    }
    const end = this.queue.findIndex((item) => item.mime);
    const ready = this.queue.slice(0, end < 0 ? undefined : end);
    try {
      buffer.appendBuffer(ready.length === 1 ? ready[0].bytes : join(ready.map((item) => item.bytes)));
    } catch (error) {
      if (error.name !== "QuotaExceededError") return this.onTrouble("decode");
      buffer.remove(0, Math.max(0.1, this.video.currentTime - 1));
      return;
    }
    this.queue.splice(0, ready.length);
    this.arrived = ready.at(-1).arrived;
  }

  /** Forgets what was seen. True while doing so. */
  trim() {
    const { buffered } = this.buffer;
    const seen = this.video.currentTime - 20;
    if (!buffered.length || buffered.start(0) > seen) return false;
    this.buffer.remove(0, seen + 10);
    return true;
  }

  updated() {
    const ranges = this.buffer?.buffered;
    if (ranges?.length && this.arrived) this.learn(ranges.end(ranges.length - 1) - this.arrived);
    this.arrived = null;
    this.pump();
    this.begin();
  }

  /** The live edge is where the frame that came quickest puts it. */
  learn(lead) {
    const at = now();
    this.leads.push({ at, lead });
    while (this.leads[0].at < at - 8) this.leads.shift();
    this.lead = Math.max(...this.leads.map((sample) => sample.lead));
  }

  begin() {
    const ranges = this.buffer?.buffered;
    if (this.begun || !ranges?.length) return;
    const last = ranges.length - 1;
    const ahead = ranges.end(last) - ranges.start(last);
    if (ahead < this.target) return;
    this.begun = true;
    this.calm = now();
    this.video.currentTime = Math.max(ranges.start(last), ranges.end(last) - this.target);
    this.play();
  }

  play() {
    this.video.play().then(
      () => this.onTrouble(null),
      (error) => error.name === "NotAllowedError" && this.onTrouble("gesture"),
    );
  }

  /** WebKit pauses when the buffer runs dry, and goes on when asked. Where somebody else wants the
      speaker, say, it does not: going on takes a gesture. */
  insist() {
    if (document.hidden || now() - (this.asked ?? -Infinity) < 0.5) return;
    this.asked = now();
    this.play();
  }

  /** The buffer ran dry: stay a little farther behind from now on. A line that stood still for
      longer than any buffer could bridge says nothing about how far. */
  stalled() {
    if (!this.begun || document.hidden || now() - this.calm < 0.5 || now() - this.fed > 0.75) return;
    this.calm = now();
    this.target = Math.min(this.target * 1.2 + 0.03, FARTHEST);
    this.floor = this.target * 0.9;
  }

  steer() {
    const { video } = this;
    if (!this.begun) return;
    if (video.paused) return this.insist();
    this.step();
    if (this.stuck()) return this.jump();
    const behind = this.behind;
    if (behind === null) return;
    // A few quiet seconds: dare a little closer, and after half a minute as close as ever.
    const quiet = now() - this.calm;
    if (quiet > 4) this.target = Math.max(quiet > 30 ? NEAREST : this.floor, this.target - 0.003);
    const late = behind - this.target;
    // Not every browser plays faster when asked.
    if (late < 1) this.timely = now();
    const isLost = late > LOST || now() - this.timely > TO_CATCH_UP;
    if (isLost || (late > 1 && document.hidden)) return this.jump();
    const most = late > 1 ? 0.5 : late > 0.4 ? 0.2 : 0.1;
    const rate = Math.abs(late) < 0.025 ? 1 : 1 + clamp(late * 0.35, -0.05, most);
    if (Math.abs(video.playbackRate - rate) > 0.004) video.playbackRate = rate;
  }

  /** Over a hole: frames a slow line did not get will not come any more. */
  step() {
    const { video } = this;
    const ranges = video.buffered;
    for (let i = 0; i < ranges.length; i++) {
      if (video.currentTime < ranges.start(i)) {
        const before = i ? ranges.end(i - 1) : 0;
        if (video.currentTime >= before - 0.05 || !i) video.currentTime = ranges.start(i) + 0.001;
        return;
      }
      if (video.currentTime < ranges.end(i) - 0.05) return;
    }
  }

  /** True when the picture stands still although there is more: a decoder that met a hole waits
      for what will not come, and sound carries the clock past it. */
  stuck() {
    const { video } = this;
    const frames = video.getVideoPlaybackQuality?.().totalVideoFrames ?? 0;
    if (frames !== this.frames || !video.videoWidth || document.hidden) {
      this.frames = frames;
      this.moved = now();
    }
    const ranges = video.buffered;
    const more = ranges.length && ranges.end(ranges.length - 1) - video.currentTime > this.target / 2;
    if (now() - this.moved < 1 || !more) return false;
    this.moved = now();
    return true;
  }

  jump() {
    this.timely = now();
    const ranges = this.video.buffered;
    const last = ranges.length - 1;
    if (last < 0) return;
    this.video.currentTime = Math.max(ranges.start(last), ranges.end(last) - this.target);
  }
}

function join(pieces) {
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.byteLength, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(new Uint8Array(piece), at);
    at += piece.byteLength;
  }
  return whole;
}
