// The watch page: fragmented MP4 over a WebSocket into MSE, close behind live and steady.
"use strict";

const byId = (id) => document.getElementById(id);
const root = document.documentElement;
const now = () => performance.now() / 1000;
const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

// How far behind live to be, in seconds: as little as this browser and this line allow.
const NEAREST = 0.2;
const FARTHEST = 1.5;
// Beyond this far, catching up by rate would take longer than anybody waits.
const LOST = 6;
const HISTORY = 60;

/** Puts segments into a video element and keeps it close to the newest. */
class Player {
  constructor(video, onTrouble) {
    this.video = video;
    this.onTrouble = onTrouble;
    this.source = null;
    this.stop();
    video.addEventListener("waiting", () => this.stalled());
    // Somebody else wants the speaker, say: going on takes a gesture.
    video.addEventListener("pause", () => this.begun && !document.hidden && this.onTrouble("gesture"));
    video.addEventListener("error", () => this.source && this.onTrouble("decode"));
    setInterval(() => this.steer(), 100);
  }

  get playing() {
    return this.begun && this.video.readyState > 2 && !this.video.paused;
  }

  /** Seconds between the newest frame there could be and the one that is shown. */
  get behind() {
    return this.begun && this.lead !== null ? Math.max(0, now() + this.lead - this.video.currentTime) : null;
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
    this.target = NEAREST;
    this.floor = NEAREST;
    this.calm = now();
    this.fed = now();
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
    if (!this.begun || video.paused) return;
    this.step();
    if (this.stuck()) return this.jump();
    const behind = this.behind;
    if (behind === null) return;
    // A few quiet seconds: dare a little closer, and after half a minute as close as ever.
    const quiet = now() - this.calm;
    if (quiet > 4) this.target = Math.max(quiet > 30 ? NEAREST : this.floor, this.target - 0.003);
    const late = behind - this.target;
    if (late > LOST || (late > 1 && document.hidden)) return this.jump();
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

/** The connection that is always there, or trying to be. */
class Line {
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

/** The last minute's bitrate and latency. */
class Plot {
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
function scale(values, least) {
  const top = Math.max(least, ...values.filter((value) => value !== null)) * 1.05;
  const power = 10 ** Math.floor(Math.log10(top));
  return power * [1, 2, 3, 4, 5, 6, 8, 10].find((step) => step * power >= top);
}

function short(value) {
  return String(Math.round(value * 100) / 100);
}

/** The figures and the states of one stream's page. */
class Page {
  constructor(name) {
    this.name = name;
    this.video = byId("video");
    this.plot = new Plot(byId("plot"));
    this.player = new Player(this.video, (trouble) => this.trouble(trouble));
    this.arrivals = [];
    this.stats = null;
    this.missing = 0;
    byId("player").hidden = false;
    byId("title").textContent = name;
    byId("title").hidden = false;
    byId("list").hidden = byId("empty").hidden = true;
    document.title = `${name} · onair`;
    this.controls();
    this.show("connecting");
    this.line = new Line(name, {
      news: (news) => this.news(news),
      media: (bytes) => this.media(bytes),
      lost: () => this.lost(),
    });
    setInterval(() => this.tick(), 500);
    setInterval(() => this.summarise(), 10_000);
  }

  news(news) {
    if (news.type === "stream") {
      this.wanted = true;
      this.stream = news;
      if (news.width) byId("frame").style.setProperty("--ratio", news.width / news.height);
      byId("sound").hidden = !/mp4a|opus/.test(news.mime);
      root.dataset.kind = news.width ? "video" : "audio";
      this.describe();
      this.show("buffering");
      this.player.start(news.mime);
    } else if (news.type === "stats") {
      this.stats = news;
      this.describe();
    } else {
      this.wanted = false;
      this.player.stop();
      this.arrivals = [];
      this.stats = null;
      this.show(news.type === "ended" ? "ended" : "offline");
    }
  }

  describe() {
    const { publisher, software } = this.stream;
    const how = publisher === "browser" ? "Live from a browser" : "Published over RTMP";
    const viewers = this.stats?.viewers;
    const watching = viewers && (viewers === 1 ? "1 viewer" : `${viewers} viewers`);
    const text = [software ? `${how} by ${software}` : how, watching].filter(Boolean).join(" · ");
    if (byId("about").textContent !== text) byId("about").textContent = text;
  }

  media(bytes) {
    const at = now();
    // What comes before the first picture is the past, and comes all at once.
    if (this.player.begun) this.arrivals.push({ at, size: bytes.byteLength });
    while (this.arrivals[0]?.at < at - 2) this.arrivals.shift();
    this.player.append(bytes);
  }

  lost() {
    this.player.stop();
    this.wanted = false;
    this.arrivals = [];
    this.show("connecting");
  }

  trouble(trouble) {
    byId("start").hidden = trouble !== "gesture";
    if (trouble === "decode") return this.line.restart();
    if (trouble === null && root.dataset.state === "buffering") this.say("Starting", "");
    if (trouble === "gesture") this.say("Ready", "This browser waits for you.");
    if (trouble === "codec") this.say("This browser cannot play it", `It lacks a decoder for ${this.stream.codecs.join(" and ")}.`);
    if (trouble === "mse") this.say("This browser cannot play live streams", "It lacks Media Source Extensions. Any current browser has them.");
  }

  show(state) {
    if (root.dataset.state === state && this.shown) return;
    this.shown = true;
    root.dataset.state = state;
    const [label, headline, detail] = {
      connecting: ["Connecting", "Connecting", "Looking for the server."],
      buffering: ["Starting", "Starting", ""],
      interrupted: ["Interrupted", "The publisher's line broke", "The picture goes on as soon as it is back."],
      live: ["Live", root.dataset.kind === "audio" ? "Sound only" : "", ""],
      offline: ["Offline", "Not live yet", "The picture appears here by itself as soon as it is."],
      ended: ["Ended", "The stream has ended", "Should it begin again, this page goes on by itself."],
    }[state];
    byId("state").textContent = label;
    this.say(headline, detail);
  }

  say(headline, detail) {
    byId("headline").textContent = headline;
    byId("detail").textContent = detail;
  }

  tick() {
    const { player } = this;
    if (this.wanted && player.playing) this.show("live");
    // A stall of a moment is not worth a word.
    this.missing = this.wanted && player.begun && !player.playing ? this.missing + 1 : 0;
    if (this.missing > 2) this.show(this.stats?.interrupted ? "interrupted" : "buffering");

    const bitrate = this.bitrate();
    const latency = player.playing ? player.behind : null;
    this.plot.add(bitrate, latency);
    figure("bitrate", bitrate === null ? null : (bitrate / 1e6).toFixed(2), "Mbit/s");
    figure("latency", latency === null ? null : latency.toFixed(2), "s");
    const { videoWidth: width, videoHeight: height } = this.video;
    const rate = this.stats?.frame_rate;
    figure("picture", width && this.wanted ? `${width} × ${height}` : null, rate ? `${Math.round(rate)} fps` : "");
    const quality = this.video.getVideoPlaybackQuality?.();
    const dropped = (quality?.droppedVideoFrames ?? 0) + (this.stats?.dropped ?? 0);
    figure("dropped", this.wanted ? String(dropped) : null, quality?.totalVideoFrames ? `of ${quality.totalVideoFrames}` : "");
  }

  bitrate() {
    while (this.arrivals[0]?.at < now() - 2) this.arrivals.shift();
    const span = this.arrivals.length > 1 ? now() - this.arrivals[0].at : 0;
    if (span < 0.9) return null;
    return this.arrivals.reduce((sum, arrival) => sum + arrival.size, 0) * 8 / span;
  }

  summarise() {
    const recent = this.plot.samples.filter((sample) => sample.bitrate !== null && sample.latency !== null);
    if (!recent.length) return this.plot.describe("Bitrate and latency of the last minute: nothing yet");
    const range = (of) => [Math.min(...recent.map(of)), Math.max(...recent.map(of))].map((value) => value.toFixed(2)).join(" to ");
    this.plot.describe(`Last minute: bitrate ${range((s) => s.bitrate / 1e6)} megabits a second, ${range((s) => s.latency)} seconds behind live`);
  }

  controls() {
    const { video } = this;
    const sound = byId("sound");
    const hear = () => {
      video.muted = !video.muted;
      if (!video.muted) video.volume = 1;
    };
    video.addEventListener("volumechange", () => {
      sound.dataset.sound = video.muted ? "off" : "on";
      byId("sound-label").textContent = video.muted ? "Unmute" : "Mute";
    });
    const full = () => {
      if (document.fullscreenElement) document.exitFullscreen();
      else if (byId("frame").requestFullscreen) byId("frame").requestFullscreen();
      else video.webkitEnterFullscreen?.();
    };
    sound.addEventListener("click", hear);
    byId("full").addEventListener("click", full);
    byId("start").addEventListener("click", () => this.player.play());
    addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === "m") hear();
      if (event.key === "f") full();
    });
  }
}

function figure(id, value, unit) {
  const place = byId(id);
  const text = `${value ?? "–"}|${value === null ? "" : unit}`;
  if (place.dataset.text === text) return;
  place.dataset.text = text;
  place.textContent = value ?? "–";
  if (value !== null && unit) {
    const small = document.createElement("small");
    small.textContent = unit;
    place.append(small);
  }
}

/** What is live, until there is one stream and nothing to choose. */
class Listing {
  constructor() {
    byId("title").hidden = true;
    this.look();
  }

  async look() {
    let listing = null;
    try {
      listing = await (await fetch("/api/streams")).json();
    } catch {
      // The next look may find the server.
    }
    if (listing?.streams.length === 1 && !this.several) return new Page(listing.streams[0].name);
    if (listing) this.show(listing.streams);
    if (listing?.rtmp_port) invite(listing.rtmp_port);
    setTimeout(() => this.look(), document.hidden ? 5000 : 1500);
  }

  show(streams) {
    this.several = streams.length > 1 || this.several && streams.length > 0;
    root.dataset.state = streams.length ? "live" : "offline";
    byId("state").textContent = streams.length ? `${streams.length} live` : "Nothing live";
    byId("list").hidden = !streams.length;
    byId("empty").hidden = streams.length > 0;
    const key = JSON.stringify(streams.map((stream) => [stream.name, summary(stream)]));
    if (key === this.key) return;
    this.key = key;
    byId("streams").replaceChildren(...streams.map(entry));
  }
}

/** Says how to be the first. */
function invite(port) {
  const host = location.hostname + (port === 1935 ? "" : `:${port}`);
  byId("publish").textContent = `rtmp://${host}/live/cam`;
  byId("invitation").hidden = false;
}

function entry(stream) {
  const item = document.createElement("li");
  const link = document.createElement("a");
  link.href = `/?stream=${encodeURIComponent(stream.name)}`;
  const name = document.createElement("b");
  name.textContent = stream.name;
  const viewers = document.createElement("span");
  viewers.textContent = stream.viewers === 1 ? "1 viewer" : `${stream.viewers} viewers`;
  const what = document.createElement("span");
  what.className = "what";
  what.textContent = summary(stream);
  link.append(name, viewers, what);
  item.append(link);
  return item;
}

function summary({ video, audio, interrupted }) {
  if (interrupted) return "Interrupted, and expected back";
  const picture = video && `${video.width} × ${video.height}`;
  const rate = video?.frame_rate && `${Math.round(video.frame_rate)} fps`;
  const bits = (video?.bitrate_bps ?? 0) + (audio?.bitrate_bps ?? 0);
  return [picture, rate, bits && `${(bits / 1e6).toFixed(1)} Mbit/s`, !video && audio && "sound only"].filter(Boolean).join(" · ");
}

const wanted = new URLSearchParams(location.search).get("stream");
if (wanted) new Page(wanted);
else new Listing();
