// The dashboard of `onair publish --web` in a real browser: it shows what is, obeys, and can be used by everybody.
//
//   cargo build -p onair-cli
//   node tests/browser/dashboard.mjs target/debug/onair [DIRECTORY FOR SCREENSHOTS]
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { Browser, VIEWS, check, pause } from "./driver.mjs";

const [program, shots] = process.argv.slice(2);
const { port } = await free();
const receiver = spawn(program, ["receive", "--listen", `127.0.0.1:${port}`], { stdio: "ignore" });
const publisher = spawn(program, ["publish", "--to", `rtmp://127.0.0.1:${port}/live/KEY`, "--size", "320x180",
  "--bitrate", "800k", "--stats", "json", "--web", "127.0.0.1:0"], { stdio: ["ignore", "pipe", "pipe"] });
let stdout = "";
publisher.stdout.on("data", (text) => stdout += text);
const ended = once(publisher, "exit");
const url = await dashboard();
const browser = await Browser.open();
const text = (id) => browser.run(`return document.getElementById(${JSON.stringify(id)}).textContent`);

try {
  await browser.look(VIEWS["desktop-light"]);
  await browser.go(url);
  await browser.until(() => document.documentElement.dataset.state === "live", 30, "the page says on air");
  await browser.until(() => document.getElementById("veil").hidden, 30, "the picture plays");
  await pause(3000);
  check(/\d/.test(await text("sent")) && /320 × 180/.test(await text("picture")), "it has picture and numbers");
  check(await browser.run(() => document.getElementById("meter").getAttribute("aria-valuenow") > -60), "the tone is heard");
  const frames = await browser.run(() => document.getElementById("video").getVideoPlaybackQuality().totalVideoFrames);
  check(frames > 30, `frames come: ${frames}`);

  const late = await Browser.open();
  try {
    await late.go(url);
    const known = await late.until(() => document.querySelectorAll("#events li").length, 10, "a page that is opened late");
    check(known > 0, "a page that is opened late has what happened");
  } finally {
    await late.close();
  }

  await browser.run(() => document.getElementById("mute").click());
  await browser.until(() => document.getElementById("why").textContent.includes("Muted"), 10, "it is muted");
  await browser.until(() => document.getElementById("decibels").textContent === "silent", 10, "and silent");
  check(stdout.includes('"muted":true'), "muting is told to all");
  await browser.run(() => {
    const field = document.getElementById("bitrate");
    field.value = "300";
    field.form.requestSubmit();
  });
  await browser.until(() => document.getElementById("video-rate").textContent.includes("of 0.30"), 10, "another bitrate");
  check(true, "mute and bitrate are obeyed");

  const nameless = await unnamed();
  check(nameless.length === 0, `every control has a name ${nameless.join(" ")}`);
  const order = (await tabbed()).join(" ");
  check(order === "home mute bitrate Set end events", `by keyboard, in the order they are seen: ${order}`);
  for (const view of ["desktop-light", "desktop-dark", "phone-light"]) {
    await browser.look(VIEWS[view]);
    await pause(500); // colours change gently
    const faint = await contrasts();
    check(faint.length === 0, `${view}: all words stand out 4.5 times ${faint.join("; ")}`);
  }
  await browser.photograph(shots, "dashboard");
  const wide = await browser.overflow();
  check(wide.length === 0, `nothing sticks out at 320 px ${wide.slice(0, 8).join(" ")}`);

  await browser.run(() => document.getElementById("end").click());
  check(await browser.run(() => document.activeElement.value === "no"), "the end is asked about, and no is the default");
  await browser.run(() => document.querySelector("#sure [value=end]").click());
  await browser.until(() => document.documentElement.dataset.state === "ended", 10, "the page says it has ended");
  const [status] = await ended;
  check(status === 0 && /"reason":"stopped"/.test(stdout), "and it ends as if by Ctrl-C");
  const complaints = await browser.complaints();
  check(complaints.length === 0, `the page complains of nothing ${complaints.join("; ")}`);
} finally {
  await browser.close();
  publisher.kill("SIGKILL");
  receiver.kill("SIGKILL");
}

/** Controls without a name that a screen reader could say. */
function unnamed() {
  return browser.run(() => [...document.querySelectorAll("button, input, a, canvas, video, [role=meter]")]
    .filter((one) => !(one.getAttribute("aria-label") ?? one.labels?.[0]?.textContent ?? one.textContent).trim()
      && !one.getAttribute("aria-labelledby")).map((one) => one.id || one.outerHTML));
}

/** What the keyboard reaches, in turn. */
async function tabbed() {
  await browser.run(() => document.activeElement.blur());
  const reached = [];
  for (let i = 0; i < 6; i++) {
    const key = { key: "Tab", code: "Tab", windowsVirtualKeyCode: 9 };
    await browser.devtools("Input.dispatchKeyEvent", { type: "keyDown", ...key });
    await browser.devtools("Input.dispatchKeyEvent", { type: "keyUp", ...key });
    reached.push(await browser.run(() => document.activeElement.id || document.activeElement.textContent));
  }
  return reached;
}

/** Words that are hard to read on what is behind them. */
function contrasts() {
  return browser.run(() => {
    const pen = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d", { willReadFrequently: true });
    const paint = (colours) => {
      pen.clearRect(0, 0, 1, 1);
      for (const colour of colours) {
        pen.fillStyle = colour;
        pen.fillRect(0, 0, 1, 1);
      }
      return [...pen.getImageData(0, 0, 1, 1).data.slice(0, 3)].map((part) => part / 255)
        .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
        .reduce((sum, part, i) => sum + part * [0.2126, 0.7152, 0.0722][i], 0);
    };
    const faint = [];
    for (const one of document.body.querySelectorAll("*")) {
      const words = [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
      if (!words || !one.getClientRects().length || one.closest(".veil, .unseen, noscript, :disabled")) continue;
      const behind = [];
      for (let at = one; at; at = at.parentElement) behind.unshift(getComputedStyle(at).backgroundColor);
      const [ground, ink] = [paint(["#fff", ...behind]), paint(["#fff", ...behind, getComputedStyle(one).color])];
      const contrast = (Math.max(ground, ink) + 0.05) / (Math.min(ground, ink) + 0.05);
      if (contrast < 4.5) faint.push(`${one.textContent.slice(0, 20)}: ${contrast.toFixed(2)}`);
    }
    return faint;
  });
}

function dashboard() {
  return new Promise((resolve, reject) => {
    let said = "";
    publisher.stderr.on("data", (words) => {
      const found = /Dashboard: (\S+)\n/.exec(said += words);
      if (found) resolve(found[1]);
    });
    publisher.once("exit", (code) => reject(new Error(`onair ended with ${code}: ${said}`)));
  });
}

/** A port that is free now. */
async function free() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  return address;
}
