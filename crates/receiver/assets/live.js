// The go-live page: what is pressed, and what is shown.

import { Plot } from "./live-plot.js";
import { Sheet } from "./live-settings.js";
import { Studio } from "./live-studio.js";
import * as words from "./live-words.js";

const byId = (id) => document.getElementById(id);
const root = document.documentElement;
const preview = byId("preview");

const sheet = new Sheet(byId("settings"), (settings) => apply(settings));
const studio = new Studio(preview, sheet.settings, {
  changed: show,
  accepted,
  ack: ({ viewers }) => setText("viewers", String(viewers ?? 0)),
  refused: (message) => stopped(() => say(words.refusal(message), "bad")),
  ended: () => stopped(() => say("The server has ended the stream.", "bad")),
  failed: (error) => stopped(() => say(`Encoding stopped: ${error.message}`, "bad")),
});
const plot = new Plot(byId("plot"), (top) => setText("plot-scale", top ? words.bitrate(top).join(" ") : ""));

const UNANSWERED = 4000; // ms

let isOpen = false; // the camera is on
let wakeLock;
let quietTimer;

// Words

function setText(id, text) {
  const element = byId(id);
  if (element.textContent !== text) element.textContent = text; // an equal text would be read aloud again
}

function setFigure(id, [number, unit] = ["–"]) {
  const text = unit ? `${number} ${unit}` : number;
  if (byId(id).dataset.text === text) return;
  byId(id).dataset.text = text;
  byId(id).replaceChildren(number);
  if (unit) byId(id).append(Object.assign(document.createElement("small"), { textContent: unit }));
}

function say(text, kind = "") {
  clearTimeout(quietTimer);
  const word = byId("word");
  word.hidden = !text;
  word.dataset.kind = kind;
  word.textContent = text;
  if (text && !kind) quietTimer = setTimeout(() => say(""), 12_000);
}

function veil({ headline, detail }, button) {
  byId("veil").hidden = false;
  setText("headline", headline);
  setText("detail", detail);
  byId("allow").hidden = !button;
  setText("allow", button ?? "");
}

// The state of things

function state() {
  return isOpen ? studio.state : (root.dataset.state === "unsupported" ? "unsupported" : "welcome");
}

function show() {
  const now = state();
  const onAir = now === "live" || now === "away";
  if (now === "away" && root.dataset.state === "live") say("");
  root.dataset.state = now;
  setText("state", words.STATES[now]);
  setText("name", sheet.settings.name);
  setText("go-label", onAir ? "End" : now === "connecting" ? "Cancel" : "Go live");
  byId("go").disabled = !isOpen;
  byId("mute").disabled = !isOpen || !studio.hasMicrophone;
  byId("flip").disabled = !isOpen;
  byId("clock").hidden = !onAir;
  byId("picture").classList.toggle("mirrored", studio.mirrored);
  shape();
  measure();
}

function shape() {
  const { videoWidth, videoHeight } = preview;
  if (videoWidth) byId("picture").style.setProperty("--aspect", String(videoWidth / videoHeight));
}

function measure() {
  const now = state();
  const stats = studio.stats();
  const [health, sentence] = words.health(now, stats);
  byId("health").dataset.health = health;
  setText("health-words", sentence);
  const onAir = now === "live" || now === "away";
  setText("clock", words.clock(stats.seconds));
  setFigure("bitrate", onAir ? words.bitrate(stats.bitrate) : undefined);
  setFigure("frames", onAir ? [stats.frameRate.toFixed(0), "fps"] : undefined);
  setFigure("delay", onAir ? [String(Math.round(stats.waiting)), "ms"] : undefined);
  if (!onAir) setText("viewers", "–");
  setText("about", about(stats));
  return onAir ? stats : undefined;
}

function about({ encoder, soundCodec, skipped }) {
  if (!encoder) return isOpen ? `${preview.videoWidth} × ${preview.videoHeight} from the camera` : "";
  const sound = { aac: "AAC", "pcm-s16": "audio encoded by the server" }[soundCodec] ?? "no audio yet";
  const skips = skipped ? `, ${skipped} ${skipped === 1 ? "frame" : "frames"} skipped` : "";
  return `${encoder.width} × ${encoder.height}, H.264, ${sound}${skips}`;
}

// What is pressed

async function openCamera() {
  byId("allow").disabled = true;
  try {
    await studio.open();
    isOpen = true;
    byId("veil").hidden = true;
    byId("meter").hidden = !studio.hasMicrophone;
    if (!studio.hasMicrophone) say("There is no microphone, or it is not allowed: the stream will be silent.");
    const { cameras } = await studio.devices();
    byId("flip").classList.toggle("absent", cameras.length < 2);
    if (!token()) say("This link lacks its token. Open the one that the server printed when it started.", "bad");
  } catch (error) {
    veil(words.cameraTrouble(error), "Try again");
  }
  byId("allow").disabled = false;
  show();
  if (isOpen) byId("go").focus({ preventScroll: true });
}

const token = () => new URLSearchParams(location.hash.slice(1)).get("token") ?? "";

function goLive() {
  say("");
  plot.clear();
  const url = new URL("/live", location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  studio.goLive({ url, token: token(), name: sheet.settings.name, software: words.software(navigator) });
  keepAwake();
  show();
  setTimeout(mistrusted, UNANSWERED);
}

// A browser that was talked into the page in spite of its certificate refuses the socket without a word.
function mistrusted() {
  if (state() !== "connecting" || !("authority" in root.dataset)) return;
  const link = Object.assign(document.createElement("a"), { href: "/trust", textContent: "make this device trust the server" });
  say("There is no answer. If your browser warned of this page, ", "bad");
  byId("word").append(link, " first.");
}

function accepted({ name, resumed, watch }) {
  show();
  if (resumed) return say("Connected again.");
  const link = Object.assign(document.createElement("a"), { href: watch, target: "_blank", textContent: name });
  say("You are live as ");
  byId("word").append(link, ".");
}

async function press() {
  const now = state();
  if (now === "ready") return goLive();
  if (now === "live" && !(await confirmed())) return;
  const summary = await studio.end();
  stopped(() => say(words.farewell(summary)));
}

function confirmed() {
  const dialog = byId("farewell");
  dialog.returnValue = "stay";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "end"), { once: true });
  });
}

function stopped(tell) {
  if (byId("farewell").open) byId("farewell").close("stay");
  wakeLock?.release().catch(() => {});
  wakeLock = undefined;
  tell();
  show();
}

function mute() {
  studio.mute(!studio.muted);
  byId("mute").setAttribute("aria-pressed", String(studio.muted));
  setText("mute-label", studio.muted ? "Muted" : "Mute");
}

async function flip() {
  byId("flip").disabled = true;
  try {
    sheet.merge(await studio.flip());
  } catch (error) {
    say(words.cameraTrouble(error).headline, "bad");
  }
  show();
}

async function apply(settings) {
  show();
  if (!isOpen) return;
  try {
    await studio.apply(settings);
  } catch (error) {
    say(words.cameraTrouble(error).headline, "bad");
  }
  byId("meter").hidden = !studio.hasMicrophone;
  show();
}

// The phone's habits

async function keepAwake() {
  if (!("wakeLock" in navigator) || document.hidden) return;
  wakeLock = await navigator.wakeLock.request("screen").catch(() => undefined);
  if (studio.state === "ready") wakeLock?.release();
}

async function remindOfBattery() {
  const battery = await navigator.getBattery?.();
  if (!battery || battery.charging || battery.level > 0.2 || sheet.settings.frameRate <= 15) return;
  say(`The battery is at ${Math.round(battery.level * 100)} %. Fewer frames a second would make it last longer.`);
}

function returned() {
  if (document.hidden || !isOpen) return;
  studio.resume();
  studio.hurry();
  if (studio.state !== "ready") keepAwake();
}

function shortcut(event) {
  const elsewhere = event.metaKey || event.ctrlKey || event.altKey || document.querySelector("dialog[open]");
  if (elsewhere || event.repeat) return;
  const button = { m: "mute", c: "flip" }[event.key.toLowerCase()];
  if (button) byId(button).click();
}

function drawLevel() {
  const decibels = 20 * Math.log10(Math.max(studio.level, 1e-4));
  byId("meter").style.setProperty("--level", `${Math.max(0, Math.min(100, 100 + decibels * 1.8))}%`);
}

async function begin() {
  setText("name", sheet.settings.name);
  const obstacle = words.obstacle(window);
  if (obstacle) {
    root.dataset.state = "unsupported";
    veil(obstacle);
    return show();
  }
  show();
  const answers = await Promise.all(["camera", "microphone"].map((name) => navigator.permissions?.query({ name }).catch(() => undefined)));
  if (answers.every((answer) => answer?.state === "granted")) openCamera();
}

byId("allow").addEventListener("click", openCamera);
byId("go").addEventListener("click", press);
byId("mute").addEventListener("click", mute);
byId("flip").addEventListener("click", flip);
byId("open-settings").addEventListener("click", async () => {
  const devices = isOpen ? await studio.devices() : { cameras: [], microphones: [] };
  sheet.open(devices, state() !== "ready" && state() !== "welcome");
});
preview.addEventListener("resize", shape);
document.addEventListener("keydown", shortcut);
document.addEventListener("visibilitychange", returned);
addEventListener("online", () => studio.hurry());
addEventListener("pagehide", () => studio.abandon());
addEventListener("beforeunload", (event) => studio.state !== "ready" && event.preventDefault());
setInterval(drawLevel, 80);
setInterval(() => {
  const stats = measure();
  if (stats) plot.add(stats.bitrate);
}, 1000);
setInterval(() => studio.state === "live" && remindOfBattery(), 120_000);
begin();
