// One stream's page.

import { byId, now, root, sentence } from "./watch-base.js";
import { Line } from "./watch-line.js";
import { Player } from "./watch-player.js";
import { Plot } from "./watch-plot.js";

/** The figures and the states of one stream's page. */
export class Page {
  constructor(name) {
    this.name = name;
    this.video = byId("video");
    this.plot = new Plot(byId("plot"));
    this.player = new Player(this.video, (trouble) => this.trouble(trouble));
    this.arrivals = [];
    this.stats = null;
    this.missing = 0;
    this.waited = 0; // seconds in which there was nothing to show
    byId("player").hidden = false;
    byId("title").textContent = byId("title").title = name;
    byId("title").hidden = false;
    byId("list").hidden = byId("empty").hidden = true;
    document.title = `${name} · onair`;
    this.controls();
    this.show("connecting");
    this.line = new Line(`/watch/${name.split("/").map(encodeURIComponent).join("/")}`, {
      news: (news) => this.news(news),
      media: (bytes) => this.media(bytes),
      lost: (reason) => this.lost(reason),
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
      if (news.live_s !== null) this.player.learnEdge(news.live_s);
      if (news.frame_rate) this.player.frameTime = 1 / news.frame_rate;
      this.showFaults(faultsOf(news));
      this.describe();
    } else {
      this.wanted = false;
      this.player.stop();
      this.arrivals = [];
      this.stats = null;
      byId("faults").hidden = true;
      this.show(news.type === "ended" ? "ended" : "offline");
    }
  }

  describe() {
    if (!this.stream) return; // figures may come before there is anything to see
    const { publisher, software } = this.stream;
    const how = publisher === "browser" ? "Live from a browser" : "Published over RTMP";
    const viewers = this.stats?.viewers;
    const watching = viewers && (viewers === 1 ? "1 viewer" : `${viewers} viewers`);
    const text = [software ? `${how} by ${software}` : how, watching].filter(Boolean).join(" · ");
    if (byId("about").textContent !== text) byId("about").textContent = text;
  }

  /** What is wrong with what the publisher sends; where nothing else comes, that is all there is to show. */
  showFaults(faults) {
    const text = faults.join(" ");
    if (byId("faults").textContent !== text) byId("faults").textContent = text;
    byId("faults").hidden = !text;
    this.waited = this.wanted ? 0 : this.waited + 1;
    if (!text || this.waited < 3) return;
    this.show("unfit");
    this.say("Nothing to show yet", text);
  }

  media(bytes) {
    const at = now();
    // What comes before the first picture is the past, and comes all at once.
    if (this.player.begun) this.arrivals.push({ at, size: bytes.byteLength });
    while (this.arrivals[0]?.at < at - 2) this.arrivals.shift();
    this.player.append(bytes);
  }

  lost(reason) {
    this.player.stop();
    this.wanted = false;
    this.arrivals = [];
    this.show(reason ? "refused" : "connecting");
    if (reason) this.say("The server said no", sentence(reason));
  }

  trouble(trouble) {
    this.asks = trouble === "gesture";
    byId("start").hidden = !this.asks;
    if (trouble === "decode") return this.line.restart();
    if (trouble === null && root.dataset.state === "buffering") this.say("Starting", "");
    if (this.asks && root.dataset.state !== "live") this.show("asking");
    if (trouble === "codec") this.say("This browser cannot play it", `It lacks a decoder for ${this.stream.codecs.join(" and ")}.`);
    if (trouble === "mse") this.say("This browser cannot play live streams", "It lacks Media Source Extensions. Any current browser has them.");
  }

  show(state) {
    if (root.dataset.state === state && this.shown) return;
    this.shown = true;
    root.dataset.state = state;
    const [label, headline, detail] = {
      connecting: ["Connecting", "Connecting", "Looking for the server."],
      refused: ["Not shown", "The server said no", ""],
      buffering: ["Starting", "Starting", ""],
      unfit: ["Nothing to show", "Nothing to show yet", ""],
      asking: ["Ready", "Ready", "This browser waits for you."],
      interrupted: ["Interrupted", "The publisher's line broke", "The picture goes on as soon as it is back."],
      live: ["Live", root.dataset.kind === "audio" ? "Audio only" : "", ""],
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
    const why = this.asks ? "asking" : this.stats?.interrupted ? "interrupted" : "buffering";
    if (this.missing > 2) this.show(why);

    const bitrate = this.bitrate();
    const latency = player.playing ? player.latency : null;
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

/** In sentences. */
export function faultsOf({ left_out: leftOut = [], keyframes_only: keyframesOnly, missing_frames: missing = 0 }) {
  const faults = leftOut.map(sentence);
  if (keyframesOnly) faults.push("The publisher sends keyframes only: at the same bitrate the picture is much worse than it could be.");
  if (missing > 0) faults.push(`The publisher left out ${missing} ${missing === 1 ? "frame" : "frames"}.`);
  return faults;
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
