// The go-live page's arithmetic, without a browser: node --test tests/browser/live-units.mjs

import assert from "node:assert/strict";
import { test } from "node:test";

const assets = new URL("../../crates/receiver/assets/", import.meta.url);
const { Flight, Lateness, Rate } = await import(new URL("live-rate.js", assets));
const { Pacer, Timeline } = await import(new URL("live-timeline.js", assets));
const { base64, bytesOf, interleaveS16, mediaMessage, newSession } = await import(new URL("live-wire.js", assets));
const { fit, level } = await import(new URL("live-encoder.js", assets));
const { Link } = await import(new URL("live-link.js", assets));
const words = await import(new URL("live-words.js", assets));

// Noise that is the same every time.
function noise(seed) {
  let state = seed >>> 0;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** A sender obeying `rate` over a line of `capacity(seconds)` bits per second; answers the targets by second. */
function simulate(rate, capacity, seconds, audio = 96_000) {
  let [queued, flight, sent, arrived, acked] = [0, new Flight(), 0, 0, 0];
  const seen = [];
  for (let now = 0; now < seconds * 1000; now += 10) {
    if (now % 30 === 0) {
      const bytes = Math.round(((rate.skipping ? 0 : rate.target) + audio) * 0.03 / 8);
      sent += bytes;
      queued += bytes;
      flight.send(now, bytes);
    }
    const drained = Math.min(queued, (capacity(now / 1000) * 0.01) / 8);
    queued -= drained;
    arrived += drained;
    if (now % 100 === 0 && Math.floor(arrived) > acked) flight.acknowledge(now, (acked = Math.floor(arrived + 1e-6)));
    if (now % 200 === 0) rate.update(now, { waiting: flight.waiting(now), delivered: flight.delivered(now), reserved: audio });
    if (now % 1000 === 0) seen.push({ target: rate.target, waiting: flight.waiting(now) });
  }
  return seen;
}

test("a line that is wide enough is left alone", () => {
  const seen = simulate(new Rate(2_500_000), () => 4_000_000, 60);
  assert.ok(seen.every(({ target }) => target === 2_500_000));
  assert.ok(seen.every(({ waiting }) => waiting < 180));
});

test("a line that narrows is followed within three seconds, and its delay goes away", () => {
  const seen = simulate(new Rate(2_500_000), (s) => (s < 10 ? 4_000_000 : 1_000_000), 60);
  assert.ok(seen[13].target < 1_000_000, `${seen[13].target}`);
  const later = seen.slice(25);
  assert.ok(later.every(({ waiting }) => waiting < 1000), `${Math.max(...later.map((x) => x.waiting))}`);
  assert.ok(later.every(({ target }) => target > 400_000));
});

test("a line that widens again is climbed, all the way, within forty seconds", () => {
  const seen = simulate(new Rate(2_500_000), (s) => (s > 10 && s < 20 ? 800_000 : 6_000_000), 61);
  assert.ok(seen[20].target < 800_000);
  assert.equal(seen.at(-1).target, 2_500_000);
});

test("a line that stays narrow is used, not poked: most of it, with few frames skipped", () => {
  const seen = simulate(new Rate(2_500_000), () => 1_000_000, 180).slice(20);
  const mean = seen.reduce((sum, { target }) => sum + target, 0) / seen.length;
  assert.ok(mean > 600_000 && mean < 904_000, `${mean}`);
  assert.ok(seen.filter(({ waiting }) => waiting > 800).length < seen.length * 0.05);
});

test("a dead line means fewer bits and no frames", () => {
  const rate = new Rate(2_500_000);
  simulate(rate, (s) => (s < 5 ? 4_000_000 : 1), 20);
  assert.ok(rate.target < 1_250_000, `${rate.target}`);
  assert.ok(rate.skipping && rate.reduced);
});

test("a lower ceiling holds at once, and a choice below the floor is a choice", () => {
  const rate = new Rate(2_500_000);
  rate.ceiling = 800_000;
  assert.equal(rate.target, 800_000);
  rate.ceiling = 2_000_000;
  assert.equal(rate.target, 2_000_000);
  assert.equal(new Rate(100_000).target, 100_000);
});

test("what waits is what the line adds, not the way there", () => {
  const flight = new Flight();
  for (let now = 0; now < 3000; now += 100) {
    flight.send(now, 1000);
    if (now >= 200) flight.acknowledge(now, (now / 100 - 1) * 1000);
  }
  assert.ok(flight.waiting(2900) < 10);
  assert.equal(flight.waiting(4000), 1000);
  assert.ok(Math.abs(flight.delivered(2900) - 80_000) < 8000);
});

test("a page that was busy for a second does not blame the line", () => {
  const [rate, flight, lateness] = [new Rate(2_500_000), new Flight(), new Lateness(200)];
  let sent = 0;
  const tick = (now) => {
    const waiting = Math.max(0, flight.waiting(now) - lateness.observe(now));
    return rate.update(now, { waiting, delivered: flight.delivered(now), reserved: 0 });
  };
  const second = (from) => {
    for (let now = from; now < from + 1000; now += 100) {
      flight.send(now, 1000);
      flight.acknowledge(now + 20, (sent += 1000));
      if (now % 200 === 0) assert.equal(tick(now + 20), 2_500_000, `at ${now} ms`);
    }
  };
  second(0);
  flight.send(1000, 1000); // acknowledged in time, but read after the tick
  assert.equal(tick(2020), 2_500_000);
  assert.ok(!rate.skipping);
  flight.acknowledge(2021, (sent += 1000));
  second(2100);
});

test("two clocks that run apart stay within a few milliseconds of the truth", () => {
  const [timeline, random] = [new Timeline(), noise(7)];
  const drift = 1 + 100e-6;
  for (let stamp = 0; stamp < 600e6; stamp += 20_000) {
    const made = 5e9 + stamp * drift;
    timeline.observe(stamp, made + 3000 + random() ** 4 * 60_000);
    if (stamp > 2e6) assert.ok(Math.abs(timeline.map(stamp) - made - 3000) < 6000);
  }
});

test("a late first stamp is corrected at once", () => {
  const timeline = new Timeline();
  timeline.observe(0, 1_090_000);
  for (let stamp = 20_000; stamp < 200_000; stamp += 20_000) timeline.observe(stamp, 1_000_000 + stamp);
  assert.equal(timeline.map(200_000), 1_200_000);
});

test("a pause of the device is a gap, not a drift", () => {
  const timeline = new Timeline();
  for (let stamp = 0; stamp < 1e6; stamp += 20_000) timeline.observe(stamp, stamp);
  for (let stamp = 1e6; stamp < 2e6; stamp += 20_000) timeline.observe(stamp, stamp + 5e6);
  assert.equal(timeline.map(2e6), 7e6);
});

test("a busy moment is not a gap", () => {
  const timeline = new Timeline();
  for (let stamp = 0; stamp < 1e6; stamp += 20_000) timeline.observe(stamp, stamp);
  for (let stamp = 1e6; stamp < 1.3e6; stamp += 20_000) timeline.observe(stamp, 1.3e6);
  for (let stamp = 1.3e6; stamp < 2e6; stamp += 20_000) timeline.observe(stamp, stamp);
  assert.ok(Math.abs(timeline.map(2e6) - 2e6) < 1000);
});

test("the pacer takes every frame of a camera at the wished rate, and evenly fewer of a faster one", () => {
  for (const [camera, wish] of [[30, 30], [30, 24], [60, 30], [30, 15], [29.97, 30]]) {
    const [pacer, random] = [new Pacer(wish), noise(3)];
    let taken = 0;
    for (let i = 0; i < camera * 20; i++) taken += pacer.takes((i / camera) * 1e6 + random() * 6000) ? 1 : 0;
    assert.ok(Math.abs(taken - Math.min(camera, wish) * 20) <= 3, `${camera} as ${wish}: ${taken}`);
  }
});

test("a media message has the header that the server reads", () => {
  const payload = [1, 2, 3];
  const message = mediaMessage({ kind: 1, keyframe: true, pts: -2, duration: 33_333, size: 3, copyTo: (t) => t.set(payload) });
  const hex = Buffer.from(message).toString("hex");
  assert.equal(hex, "01010000" + "fffffffffffffffe" + "00008235" + "00000000" + "010203");
});

test("sound is interleaved, little-endian, and clipped", () => {
  const out = new Uint8Array(8);
  interleaveS16(Float32Array.from([0, 2, 0.5, -2]), 2, out);
  assert.deepEqual([...new Int16Array(out.buffer)], [0, 16384, 32767, -32767]);
});

test("base64 and views", () => {
  const bytes = Uint8Array.from({ length: 40 }, (_, i) => i * 6);
  assert.equal(base64(bytes), Buffer.from(bytes).toString("base64"));
  assert.deepEqual([...bytesOf(new DataView(bytes.buffer, 2, 2))], [12, 18]);
  assert.match(newSession(), /^[0-9a-f]{32}$/);
  assert.notEqual(newSession(), newSession());
});

test("levels are the lowest that allow the picture", () => {
  const of = (width, height, rate) => level({ width, height }, rate).toString(16);
  assert.deepEqual([of(640, 360, 30), of(960, 540, 30), of(1280, 720, 30), of(720, 1280, 60)], ["1e", "1f", "1f", "20"]);
  assert.deepEqual([of(1920, 1080, 30), of(1080, 1920, 60), of(3840, 2160, 30)], ["28", "2a", "33"]);
});

test("pictures are made smaller, never larger, and even", () => {
  assert.deepEqual(fit(1920, 1080, 720), { width: 1280, height: 720 });
  assert.deepEqual(fit(1080, 1920, 540), { width: 540, height: 960 });
  assert.deepEqual(fit(641, 481, 720), { width: 640, height: 480 });
});

test("every state and every refusal has words", () => {
  for (const code of ["token", "busy", "full", "version", "unheard-of"]) assert.ok(words.refusal({ code }).length > 20);
  assert.equal(words.refusal({ code: "token", message: "No." }), "No.");
  const calm = { blindFor: 0, deafFor: 0, skipping: false, reduced: false, overloaded: false };
  assert.deepEqual(words.health("live", calm), ["good", "Good"]);
  assert.equal(words.health("live", { ...calm, skipping: true })[0], "bad");
  assert.deepEqual(words.health("ready", { ...calm, blindFor: 4000 }), ["bad", "The camera gives no picture"]);
  assert.deepEqual(words.health("welcome", { ...calm, blindFor: 4000 }), ["idle", "Not live"]);
  assert.equal(words.clock(3 * 3600 + 62), "3:01:02");
  assert.deepEqual(words.bitrate(2_460_000), ["2.5", "Mbit/s"]);
  assert.equal(words.software({ userAgent: "Mozilla/5.0 (iPhone; CPU iPhone OS 26_0 like Mac OS X) Version/26.0 Mobile Safari/604.1" }), "Safari on iPhone");
});

/** A WebSocket in name only. */
class Socket {
  static all = [];
  sent = [];
  bufferedAmount = 0;
  constructor() {
    Socket.all.push(this);
  }
  send(message) {
    this.sent.push(typeof message === "string" ? JSON.parse(message) : message);
  }
  close() {
    this.closed = true;
  }
  say(message) {
    this.onmessage({ data: JSON.stringify(message) });
  }
}

function linked(t) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  globalThis.WebSocket = Socket;
  Socket.all.length = 0;
  const heard = [];
  const on = new Proxy({}, { get: (_, name) => (message) => heard.push(message ? [name, message] : [name]) });
  const link = new Link("ws://server/live", { token: "t", name: "n", session: "s", software: "x" }, on);
  link.open();
  const socket = Socket.all[0];
  socket.onopen();
  return { link, socket, heard };
}

const unit = (keyframe) => ({ keyframe, pts: 0, duration: 0, size: 1, copyTo: () => {} });
const video = { codec: "avc1.64001f", description: "AAAA", width: 2, height: 2, frameRate: 30 };

test("hello first, nothing before the answer, a keyframe first", (t) => {
  const { link, socket } = linked(t);
  link.configure("video", video);
  assert.equal(link.video(unit(true)), false);
  assert.deepEqual(socket.sent.map(({ type }) => type), ["hello"]);
  socket.say({ type: "accepted", name: "live/n", resumed: false });
  assert.equal(link.video(unit(false)), false);
  assert.equal(link.video(unit(true)), true);
  assert.equal(link.video(unit(false)), true);
  assert.deepEqual(socket.sent[1], { type: "config", video });
  assert.equal(socket.sent.length, 4);
});

test("a changed configuration is told once and needs a keyframe; the same one is not told", (t) => {
  const { link, socket } = linked(t);
  socket.say({ type: "accepted" });
  link.configure("video", video);
  link.configure("video", { ...video });
  link.video(unit(true));
  link.configure("video", { ...video, width: 4 });
  assert.equal(link.video(unit(false)), false);
  assert.deepEqual(socket.sent.map(({ type }) => type ?? "media"), ["hello", "config", "media", "config"]);
});

test("a broken line is opened again with the same session, the configurations, and a keyframe", (t) => {
  const { link, socket, heard } = linked(t);
  socket.say({ type: "accepted" });
  link.configure("video", video);
  link.video(unit(true));
  socket.onclose();
  assert.equal(link.state, "waiting");
  t.mock.timers.tick(10);
  const again = Socket.all[1];
  again.onopen();
  assert.deepEqual(again.sent[0], socket.sent[0]);
  again.say({ type: "accepted", resumed: true });
  assert.deepEqual(again.sent[1], { type: "config", video });
  assert.equal(link.video(unit(false)), false);
  assert.equal(link.video(unit(true)), true);
  assert.deepEqual(heard.map(([name]) => name), ["accepted", "lost", "accepted"]);
});

test("a server that does not answer is tried again", (t) => {
  const { link, heard } = linked(t);
  t.mock.timers.tick(5999);
  assert.equal(Socket.all.length, 1);
  t.mock.timers.tick(1);
  assert.equal(link.state, "connecting");
  assert.equal(Socket.all.length, 2);
  assert.ok(Socket.all[0].closed);
  assert.deepEqual(heard, [["lost"]]);
});

test("a refusal is final", (t) => {
  const { link, socket, heard } = linked(t);
  socket.say({ type: "refused", code: "token", message: "No." });
  socket.onclose();
  t.mock.timers.tick(10_000);
  assert.equal(Socket.all.length, 1);
  assert.equal(link.state, "closed");
  assert.equal(heard[0][0], "refused");
});

test("the end waits for the server's word, or two seconds", async (t) => {
  const { link, socket, heard } = linked(t);
  socket.say({ type: "accepted" });
  const closing = link.close();
  assert.deepEqual(socket.sent.at(-1), { type: "bye" });
  socket.say({ type: "ended" });
  await closing;
  assert.ok(socket.closed);
  assert.deepEqual(heard.map(([name]) => name), ["accepted"]);
});
