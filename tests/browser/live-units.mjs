// The go-live page's arithmetic, without a browser: node --test tests/browser/live-units.mjs

import assert from "node:assert/strict";
import { test } from "node:test";

const assets = new URL("../../crates/receiver/assets/", import.meta.url);
const { Outbox } = await import(new URL("live-outbox.js", assets));
const { Pacer, Timeline } = await import(new URL("live-timeline.js", assets));
const { base64, bytesOf, interleaveS16, mediaMessage, newSession, partOf, word } = await import(new URL("live-wire.js", assets));
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

/** An outbox whose messages are kept; `arrive` has the server acknowledge them, and advise. */
function outbox(advises = true) {
  const sent = [];
  const box = new Outbox((message) => sent.push(message), advises);
  const media = () => sent.filter((message) => message[0] !== 4);
  const bytes = () => sent.reduce((sum, { length }) => sum + length, 0);
  const arrive = (now, inFlight, upTo = bytes()) => box.acknowledge(now, { bytes: upTo, inFlight, skipAbove: 9000 });
  return { box, sent, media, bytes, arrive };
}

const message = (kind, length, keyframe = false) => mediaMessage({ kind, keyframe, pts: 0, size: length - 20, copyTo: () => {} });

test("no more is under way than advised, and audio comes before pictures, even amid one", () => {
  const { box, media, arrive } = outbox();
  arrive(0, 3000);
  box.video(0, message(1, 9000, true), true);
  assert.deepEqual(media().map(([kind, flags]) => [kind, flags]), [[1, 3], [3, 2], [3, 2]]);
  box.audio(10, message(2, 300));
  assert.equal(media().length, 3);
  arrive(20, 3000);
  assert.deepEqual(media().slice(3).map(([kind]) => kind), [2, 3, 3, 3]);
  assert.ok(box.backlog > 3000 && box.backlog < 9000);
});

test("the parts of a picture make the picture, and audio is never cut", () => {
  const whole = message(1, 5000, true);
  whole.forEach((_, at) => at >= 20 && (whole[at] = at));
  const { box, media, arrive } = outbox();
  box.video(0, whole, true);
  box.audio(0, message(2, 4000));
  arrive(0, 100_000);
  const [first, ...others] = media().filter(([kind]) => kind !== 2);
  first[1] &= ~2;
  assert.deepEqual(Buffer.concat([first, ...others.map((part) => part.subarray(4))]), Buffer.from(whole));
  assert.deepEqual(media().filter(([kind]) => kind === 2).map(({ length }) => length), [4000]);
});

test("a word goes along each ten milliseconds, and counts what goes with it", () => {
  const { box, sent, bytes } = outbox();
  for (let now = 0; now < 50; now += 5) box.audio(now, message(2, 100));
  const words = sent.filter(([kind]) => kind === 4);
  assert.equal(words.length, 5);
  const last = new DataView(words.at(-1).buffer);
  assert.equal(Number(last.getBigUint64(12)), bytes() - 100);
  assert.equal(Number(last.getBigInt64(4)), 40_000);
});

test("pictures that waited too long are left out until a keyframe, and audio is not", () => {
  const { box, media, arrive } = outbox();
  arrive(0, 1000);
  for (let now = 0; now < 2000; now += 100) box.audio(now, message(2, 50));
  box.video(0, message(1, 3000, true), true);
  for (let now = 100; now < 1900; now += 100) box.video(now, message(1, 1000), false);
  assert.equal(box.video(1900, message(1, 1000), false), false);
  assert.equal(box.video(2000, message(1, 1000, true), true), true);
  arrive(2000, 1e6);
  assert.deepEqual(media().filter(([kind]) => kind === 1).map(([, flags]) => flags & 1), [1]);
  assert.equal(media().filter(([kind]) => kind === 2).length, 20);
});

test("configurations stay in their place among what waits", () => {
  const { box, sent, arrive } = outbox();
  arrive(0, 1000);
  box.video(0, message(1, 4000, true), true);
  box.configure(0, "video", "new");
  box.video(0, message(1, 100, true), true);
  arrive(0, 1e6);
  const order = sent.filter((one) => one[0] !== 4).map((one) => (typeof one === "string" ? one : one[0]));
  assert.deepEqual(order, [1, 3, "new", 1]);
});

test("a server that does not advise gets everything at once, whole", () => {
  const { box, sent } = outbox(false);
  for (let i = 0; i < 5; i++) box.video(0, message(1, 50_000, true), true);
  assert.deepEqual(sent.map(({ length }) => length), Array(5).fill(50_000));
  box.acknowledge(100, { bytes: 100_000, messages: 2, viewers: 1 });
  assert.equal(box.advice, undefined);
  assert.equal(box.backlog, 150_000);
});

test("what waits is what the line adds, not the way there", () => {
  const { box, bytes } = outbox();
  for (let now = 0; now < 3000; now += 100) {
    const before = bytes();
    box.audio(now, message(2, 100));
    if (now > 0) box.acknowledge(now + 20, { bytes: before, inFlight: 1e6, skipAbove: 1e6 });
  }
  assert.ok(box.waiting(2930) < 10, `${box.waiting(2930)}`);
  assert.ok(box.waiting(4000) > 900);
});

test("at the end all that waits is sent", () => {
  const { box, media, arrive } = outbox();
  arrive(0, 1000);
  box.video(0, message(1, 9000, true), true);
  box.flush(0);
  assert.equal(media().at(-1)[1] & 2, 0);
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

test("a word has the bytes that the server reads", () => {
  const message = word({ now: 1.5, trip: 20.2, sent: 1000, encoded: 800, queued: 5, age: 2 });
  const hex = Buffer.from(message).toString("hex");
  assert.equal(hex, "04000015" + "00000000000005dc" + "000000000000040c" + "0000000000000320" + "00000005" + "000007d0");
  assert.deepEqual(partOf(Uint8Array.of(1, 1, 0, 0, 9), 9, false), { message: Uint8Array.of(1, 1, 0, 0, 9) });
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
