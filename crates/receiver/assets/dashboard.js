// The dashboard: what a broadcast is doing, what happened to it, and a say in it.

import { byId, clamp, now, root, sentence } from "./watch-base.js";
import { Line } from "./watch-line.js";
import { Player } from "./watch-player.js";
import { Plot } from "./dashboard-plot.js";

const HISTORY = 600; // seconds
const EVENTS = 200;
const QUIETEST = -60; // decibels below full scale

/** All that is known of the broadcast. */
class Dashboard {
  constructor() {
    this.begin();
    this.plots = plots();
    this.level = new Level();
    this.orders = new Orders((order) => this.line.say(order));
    this.picture = new Picture();
    this.plotted = 0;
    this.spoken = -Infinity;
    this.show("connecting", "Connecting");
    this.line = new Line("/dashboard", {
      news: (news) => this.news(news),
      media: () => {},
      lost: (reason) => this.lost(reason),
    });
    setInterval(() => this.summarise(), 5000);
    document.addEventListener("visibilitychange", () => this.draw());
  }

  /** What a connection begins with is all there is to know. */
  begin() {
    Object.assign(this, { samples: [], events: [], marks: [], reasons: new Map(), stats: null });
  }

  news(news) {
    if (news.type === "about") this.about(news);
    else if (news.type === "history") this.replay(news.messages);
    else if (news.type === "stats") this.tick(news);
    else if (news.type === "event") this.happened(news);
    else if (news.type === "level") this.level.show(news.peak);
    else if (news.type === "refused") this.notice(`Not done: ${sentence(news.message)}`);
    else if (news.type === "report") this.ended(news);
  }

  about({ version, source }) {
    this.begin();
    this.notice("");
    byId("version").textContent = `onair ${version}`;
    byId("title").textContent = byId("title").title = sentence(source).replace(/\.$/, "");
    document.title = `${sentence(source).replace(/\.$/, "")} · onair`;
  }

  replay(messages) {
    this.isReplaying = true;
    messages.forEach((news) => this.news(news));
    this.isReplaying = false;
    this.list();
    if (this.stats && root.dataset.state !== "ended") this.present();
    this.summarise();
  }

  tick(stats) {
    const before = this.samples.at(-1);
    this.stats = stats;
    this.samples.push(sampleOf(stats, before));
    while (this.samples[0].at < stats.elapsed_s - HISTORY) this.samples.shift();
    if (!this.isReplaying) this.present();
  }

  present() {
    const { stats } = this;
    this.plotted = Math.min(this.plotted, stats.destinations.length - 1);
    const sample = this.samples.at(-1);
    figures(stats, sample, sample.to[this.plotted], this.picture.size);
    this.destinations();
    this.state();
    this.orders.follow(stats);
    this.level.has(stats.encoder.audio);
    this.draw();
  }

  state() {
    const { destinations } = this.stats;
    const live = destinations.filter(({ state }) => state === "live").length;
    const wanted = destinations.filter(({ state }) => state !== "ended").length;
    const never = destinations.every(({ connects }) => !connects);
    if (live && live === wanted) this.show("live", "On air");
    else if (live) this.show("trouble", `${live} of ${wanted} on air`);
    else this.show(never ? "connecting" : "trouble", never ? "Connecting" : "Off air");
  }

  show(state, words) {
    root.dataset.state = state;
    if (byId("state").textContent !== words) byId("state").textContent = words;
  }

  /** Something for everybody to see, and to hear at once. */
  notice(words) {
    byId("notice").textContent = words;
    byId("notice").hidden = !words;
  }

  /** For who cannot see it; not more than anybody can listen to. */
  speak(words) {
    if (now() - this.spoken < 5) return;
    this.spoken = now();
    byId("spoken").textContent = words;
  }

  happened(event) {
    const { at_s: at, kind, destination, words, gap_s: gap } = event;
    if (kind === "off") this.reasons.set(destination, words);
    if (kind === "live") this.reasons.delete(destination);
    if (["gap", "live", "off", "handover"].includes(kind)) {
      this.marks.push({ kind, from: at - (gap ?? 0), to: at, destination });
    }
    while (this.marks[0]?.to < at - HISTORY) this.marks.shift();
    this.events.unshift(event);
    this.events.length = Math.min(this.events.length, EVENTS);
    if (this.isReplaying) return;
    this.list();
    if (["live", "off", "note"].includes(kind)) this.speak(words);
  }

  list() {
    byId("no-events").hidden = this.events.length > 0;
    byId("events").replaceChildren(...this.events.map(({ at_s: at, kind, words }) => {
      const item = element("li", "", { kind });
      item.append(element("time", clock(at)), element("span", words));
      return item;
    }));
  }

  destinations() {
    const { destinations } = this.stats;
    const shown = destinations.map(({ address: url, state, error }, index) => {
      const why = state === "live" ? "" : error ?? this.reasons.get(index) ?? "";
      return { url, state, why: why && sentence(why), rate: state === "live" ? rate(destinations[index].bitrate_bps) : "" };
    });
    const names = JSON.stringify(shown.map(({ url }) => url));
    if (names !== this.names) {
      this.names = names;
      byId("destinations").replaceChildren(...shown.map((one, index) => this.destination(one, index, shown.length > 1)));
    }
    [...byId("destinations").children].forEach((item, index) => {
      const { state, why, rate: bits } = shown[index];
      item.dataset.is = state;
      set(item.querySelector(".how"), [STATES[state], bits].filter(Boolean).join(" · "));
      set(item.querySelector(".reason"), why);
    });
    recording(this.stats.recording);
  }

  /** With several, one of them is plotted. */
  destination({ url }, index, several) {
    const item = element("li");
    const label = element(several ? "label" : "div");
    if (several) {
      const choice = Object.assign(element("input"), { type: "radio", name: "plotted", checked: index === this.plotted });
      choice.addEventListener("change", () => {
        this.plotted = index;
        this.present();
      });
      label.append(choice);
    }
    label.append(element("b", url));
    const [how, reason] = [element("span"), element("span")];
    how.className = "how";
    reason.className = "reason";
    item.append(label, how, reason);
    return item;
  }

  draw() {
    const index = this.plotted;
    const marks = this.marks.filter(({ destination }) => destination === undefined || destination === index);
    const samples = this.samples.filter(({ to }) => to[index]).map(({ at, wished, to }) => ({ at, wished, ...to[index] }));
    for (const plot of Object.values(this.plots)) plot.show(samples, marks);
    this.drawn = { samples, marks };
  }

  /** The plots in words. */
  summarise() {
    const { samples, marks } = this.drawn ?? { samples: [], marks: [] };
    if (!samples.length) return;
    const last = samples.at(-1);
    const minutes = Math.max(1, Math.round((last.at - samples[0].at) / 60));
    const over = `the last ${minutes === 1 ? "minute" : `${minutes} minutes`}`;
    const range = (of, digits) => {
      const values = samples.map(of).filter((value) => value !== null);
      return values.length ? `${Math.min(...values).toFixed(digits)} to ${Math.max(...values).toFixed(digits)}` : "nothing";
    };
    const carries = last.carries === null ? "the line has not been the limit" : `the line carries ${last.carries.toFixed(1)}`;
    this.plots.rate.describe(`Rate over ${over}: sent ${range((s) => s.sent, 1)} megabits a second, now ${last.sent.toFixed(1)}; ${carries}`);
    this.plots.delay.describe(`Delay over ${over}: ${range((s) => s.queue, 0)} milliseconds waiting for the line, round trip ${range((s) => s.rtt, 0)}`);
    const [lost, gaps] = [samples.reduce((sum, { lost }) => sum + lost, 0), marks.filter(({ kind }) => kind === "gap").length];
    this.plots.lost.describe(`Frames lost over ${over}: ${Math.round(lost)}, in ${gaps} ${gaps === 1 ? "gap" : "gaps"}`);
  }

  lost(reason) {
    if (root.dataset.state === "ended") return;
    this.show(reason ? "refused" : "connecting", reason ? "Not shown" : "Connecting");
    this.orders.allow(false);
    this.level.show(null);
    this.notice(reason ? sentence(reason) : "There is no connection to onair: it has ended, or this device is offline. Trying again.");
  }

  ended({ reason, ok, destinations, duration_s: seconds }) {
    this.show("ended", "Ended");
    this.line.stop();
    this.picture.end();
    this.orders.allow(false);
    this.level.show(null);
    byId("sure").close();
    if (this.stats) {
      this.stats.destinations = destinations.map((report, index) => ({ ...this.stats.destinations[index], ...report, bitrate_bps: 0 }));
      figures(this.stats, this.samples.at(-1), this.samples.at(-1).to[this.plotted], this.picture.size);
      this.destinations();
    }
    this.notice(`The broadcast ${ok ? "has ended" : "ended, and not all went well"} after ${clock(seconds)}: ${sentence(reason)}`);
  }
}

const STATES = { connecting: "Connecting", live: "On air", reconnecting: "Connecting again", ended: "Ended", failed: "Given up" };

/** What the plots need of one second: rates in Mbit/s, delays in ms, frames a second. */
function sampleOf(stats, before) {
  const limit = stats.encoder.video?.bitrate;
  const to = stats.destinations.map((destination, index) => {
    const { bitrate_bps: sent, carries_bps: carries, queued_ms: queue, rtt_ms: rtt, video, audio, state } = destination;
    const dropped = video.frames + video.dropped ? video.dropped : audio.dropped;
    const earlier = before?.to[index]?.dropped ?? (before ? 0 : dropped);
    const isLive = state === "live";
    return {
      sent: sent / 1e6, carries: isLive && carries ? carries / 1e6 : null, queue, rtt: isLive ? rtt : null,
      dropped, lost: Math.max(0, dropped - earlier),
    };
  });
  return { at: stats.elapsed_s, wished: limit ? limit.wanted_bps / 1e6 : null, to };
}

function figures(stats, sample, line, size) {
  const { encoder, encoding } = stats;
  const destination = stats.destinations[dashboard.plotted];
  const limit = encoder.video?.bitrate;
  figure("elapsed", clock(stats.elapsed_s));
  figure("picture", size, encoding.video_fps ? `${Math.round(encoding.video_fps)} fps` : "");
  figure("sent", line.sent.toFixed(2), "Mbit/s");
  figure("carries", line.carries?.toFixed(2), "Mbit/s");
  figure("video-rate", limit && (encoding.video_bps / 1e6).toFixed(2), limit && `of ${(limit.wanted_bps / 1e6).toFixed(2)} Mbit/s`);
  figure("rtt", line.rtt?.toFixed(line.rtt < 10 ? 1 : 0), "ms");
  figure("queue", String(Math.round(line.queue)), "ms");
  const { frames, dropped } = destination.video;
  const left = encoder.video?.left_out ? `, ${encoder.video.left_out} not encoded` : "";
  figure("lost", String(dropped), `of ${frames + dropped}${left}`);
  set(byId("why"), why(limit, line, stats));
}

function why(limit, line, { source_dry_s: dry, muted }) {
  const words = [];
  if (dry > 1) words.push(`Nothing has come from the source for ${Math.round(dry)} s: the last picture is shown.`);
  if (muted) words.push("Muted: silence is sent.");
  const takes = limit && `video takes ${(limit.asked_bps / 1e6).toFixed(1)} of ${(limit.wanted_bps / 1e6).toFixed(1)} Mbit/s.`;
  if (!limit) words.push("This source is sent as it is, without encoding.");
  else if (limit.limited_by === "thermal") words.push(`This machine is hot: ${takes}`);
  else if (limit.limited_by === "line" && line.carries === null) words.push(`While the line is tried out, ${takes}`);
  else if (limit.limited_by === "line") words.push(`The line carries ${line.carries.toFixed(1)} Mbit/s: ${takes}`);
  else words.push("Video gets the bitrate that was wished for.");
  return words.join(" ");
}

function recording(recording) {
  const place = byId("recording");
  place.hidden = !recording;
  if (!recording) return;
  const { path, duration_s: seconds, bytes, error } = recording;
  set(place, error ? `Recording failed: ${sentence(error)}` : `Recording: ${path}, ${clock(seconds)}, ${(bytes / 1e6).toFixed(1)} MB`);
}

/** The picture, as any viewer gets it. */
class Picture {
  constructor() {
    this.size = null;
    this.player = new Player(byId("video"), (trouble) => this.trouble(trouble));
    this.line = new Line("/watch/live/picture", {
      news: (news) => this.news(news),
      media: (bytes) => this.player.append(bytes),
      lost: () => this.stop("No picture", ""),
    });
    byId("start").addEventListener("click", () => this.player.play());
    this.timer = setInterval(() => this.look(), 500);
  }

  news(news) {
    if (news.type === "stream") {
      this.size = news.width ? `${news.width} × ${news.height}` : null;
      if (news.width) byId("frame").style.setProperty("--ratio", news.width / news.height);
      this.hasPicture = Boolean(news.width);
      this.say(news.width ? "Starting" : "Audio only", "");
      this.player.start(news.mime);
    } else if (news.type === "stats") {
      if (news.live_s !== null) this.player.learnEdge(news.live_s);
      if (news.frame_rate) this.player.frameTime = 1 / news.frame_rate;
    } else {
      this.stop("No picture yet", "It appears with the next keyframe.");
    }
  }

  look() {
    const { videoWidth: width, videoHeight: height } = byId("video");
    if (this.player.playing && width) this.size = `${width} × ${height}`;
    byId("veil").hidden = this.player.playing && this.hasPicture;
  }

  trouble(trouble) {
    byId("start").hidden = trouble !== "gesture";
    if (trouble === "decode") this.line.restart();
    if (trouble === "gesture") this.say("Ready", "This browser waits for you.");
    if (trouble === "codec" || trouble === "mse") this.say("No picture here", "This browser cannot play it. The broadcast is not concerned.");
  }

  stop(headline, detail) {
    this.player.stop();
    byId("veil").hidden = false;
    this.say(headline, detail);
  }

  end() {
    clearInterval(this.timer);
    this.line.stop();
    this.stop("The broadcast has ended", "");
  }

  say(headline, detail) {
    set(byId("headline"), headline);
    set(byId("detail"), detail);
  }
}

/** How loud it is. Peaks stay for a moment. */
class Level {
  constructor() {
    this.hold = QUIETEST;
    this.held = this.told = 0;
  }

  has(audio) {
    byId("level").hidden = !audio;
  }

  show(peak) {
    const level = peak ? clamp(20 * Math.log10(peak), QUIETEST, 0) : QUIETEST;
    if (level >= this.hold || now() - this.held > 1.5) [this.hold, this.held] = [level, now()];
    const part = (value) => `${100 - 100 * (1 - value / QUIETEST)}%`;
    byId("level-bar").style.width = part(level);
    byId("level-hold").style.right = part(this.hold);
    if (now() - this.told < 1) return;
    this.told = now();
    const words = level > QUIETEST ? `${Math.round(this.hold)} dB` : "silent";
    set(byId("decibels"), words.replace("-", "−"));
    byId("meter").setAttribute("aria-valuenow", String(Math.round(this.hold)));
    byId("meter").setAttribute("aria-valuetext", level > QUIETEST ? `${Math.round(-this.hold)} decibels below full scale` : "silent");
  }
}

/** What can be ordered. */
class Orders {
  constructor(say) {
    this.say = say;
    this.asked = -Infinity;
    byId("mute").addEventListener("click", () => {
      const muted = byId("mute").getAttribute("aria-pressed") !== "true";
      this.asked = now();
      press(muted);
      say({ type: "mute", muted });
    });
    byId("bitrate").addEventListener("input", () => this.isTyping = true);
    byId("rate").addEventListener("submit", (event) => {
      event.preventDefault();
      this.isTyping = false;
      this.asked = now();
      say({ type: "bitrate", bps: Math.round(Number(byId("bitrate").value) * 1000) });
    });
    byId("end").addEventListener("click", () => byId("sure").showModal());
    byId("sure").addEventListener("close", () => {
      if (byId("sure").returnValue === "end") say({ type: "end" });
      byId("sure").returnValue = "";
    });
  }

  /** The newest numbers say what is so, but for those that were on their way when an order left. */
  follow({ encoder, muted }) {
    this.allow(true);
    byId("mute").hidden = !encoder.audio;
    byId("rate").hidden = !encoder.video?.bitrate;
    if (now() - this.asked < 1.5) return;
    press(Boolean(muted));
    const wanted = encoder.video?.bitrate?.wanted_bps;
    if (wanted && !this.isTyping) byId("bitrate").value = Math.round(wanted / 1000);
  }

  allow(can) {
    for (const control of document.querySelectorAll(".orders button, .orders input")) control.disabled = !can;
  }
}

function press(muted) {
  byId("mute").setAttribute("aria-pressed", String(muted));
}

function plots() {
  const line = (of, colour, dashed) => ({ of, colour, dashed });
  return {
    rate: new Plot(byId("plot-rate"), {
      unit: " M", least: 1,
      series: [line((s) => s.wished, "--wished", true), line((s) => s.carries, "--carries"), line((s) => s.sent, "--sent")],
    }),
    delay: new Plot(byId("plot-delay"), {
      unit: " ms", least: 50, series: [line((s) => s.rtt, "--rtt"), line((s) => s.queue, "--queue")],
    }),
    lost: new Plot(byId("plot-lost"), { unit: "", least: 10, series: [{ of: (s) => s.lost, colour: "--lost", bars: true }] }),
  };
}

function figure(id, value, unit) {
  const place = byId(id);
  const text = `${value ?? "–"}|${value ? unit ?? "" : ""}`;
  if (place.dataset.text === text) return;
  place.dataset.text = text;
  place.textContent = value ?? "–";
  if (value && unit) place.append(element("small", unit));
}

function set(place, words) {
  if (place.textContent !== words) place.textContent = words;
}

function element(name, text = "", data = {}) {
  const made = document.createElement(name);
  made.textContent = text;
  Object.assign(made.dataset, data);
  return made;
}

function rate(bps) {
  return `${(bps / 1e6).toFixed(1)} Mbit/s`;
}

/** Hours, minutes and seconds. */
function clock(seconds) {
  const whole = Math.floor(seconds);
  const two = (value) => String(value).padStart(2, "0");
  return `${Math.floor(whole / 3600)}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
}

const dashboard = new Dashboard();
