// A headless Chromium by way of chromedriver's HTTP interface: no packages needed.
import { spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const FLAGS = [
  "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync",
  "--autoplay-policy=no-user-gesture-required", "--mute-audio",
];

export class Browser {
  /** Starts a browser of its own, with a fresh profile. */
  static async open({ flags = [] } = {}) {
    const browser = new Browser();
    browser.profile = await mkdtemp(join(tmpdir(), "onair-browser-"));
    browser.process = spawn("chromedriver", ["--port=0", "--log-level=SEVERE"], { stdio: ["ignore", "pipe", "ignore"] });
    const port = await browser.port();
    browser.base = `http://127.0.0.1:${port}/session`;
    const args = [...FLAGS, ...flags, `--user-data-dir=${browser.profile}`];
    const options = { args, binary: process.env.CHROMIUM ?? "/usr/bin/chromium" };
    const capabilities = { alwaysMatch: { "goog:chromeOptions": options, "goog:loggingPrefs": { browser: "ALL" }, acceptInsecureCerts: true } };
    const session = await browser.call("POST", "", { capabilities });
    browser.base += `/${session.sessionId}`;
    return browser;
  }

  port() {
    return new Promise((resolve, reject) => {
      let said = "";
      this.process.stdout.on("data", (text) => {
        said += text;
        const match = /started successfully on port (\d+)/.exec(said);
        if (match) resolve(match[1]);
      });
      this.process.on("error", reject);
      this.process.on("exit", (code) => reject(new Error(`chromedriver ended with ${code}: ${said}`)));
    });
  }

  async call(method, path, body) {
    const answer = await fetch(this.base + path, { method, body: body && JSON.stringify(body) });
    const { value } = await answer.json();
    if (!answer.ok) throw new Error(`${path}: ${value.error}: ${value.message}`);
    return value;
  }

  /** One command of the DevTools protocol. */
  devtools(cmd, params = {}) {
    return this.call("POST", "/goog/cdp/execute", { cmd, params });
  }

  go(url) {
    return this.call("POST", "/url", { url });
  }

  /** Runs a function in the page. */
  run(body, ...args) {
    const script = typeof body === "function" ? `return (${body})(...arguments)` : body;
    return this.call("POST", "/execute/sync", { script, args });
  }

  /** Waits until a function in the page gives something true. */
  async until(body, seconds, what) {
    const end = Date.now() + seconds * 1000;
    for (;;) {
      const value = await this.run(body);
      if (value) return value;
      if (Date.now() > end) throw new Error(`not within ${seconds} s: ${what}`);
      await pause(100);
    }
  }

  async look({ width, height, dark = false, phone = false }) {
    await this.devtools("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: phone ? 2 : 1, mobile: phone });
    await this.devtools("Emulation.setTouchEmulationEnabled", { enabled: phone });
    const features = [{ name: "prefers-color-scheme", value: dark ? "dark" : "light" }];
    await this.devtools("Emulation.setEmulatedMedia", { features });
  }

  async screenshot(path) {
    const { data } = await this.devtools("Page.captureScreenshot", { format: "png" });
    await writeFile(path, Buffer.from(data, "base64"));
  }

  /** Screenshots of all views, if there is a directory for them. */
  async photograph(directory, name) {
    if (!directory) return;
    await mkdir(directory, { recursive: true });
    for (const [view, look] of Object.entries(VIEWS)) {
      await this.look(look);
      await pause(700);
      await this.screenshot(join(directory, `${name}-${view}.png`));
    }
    await this.look(VIEWS["desktop-light"]);
  }

  /** What sticks out of the window at the narrowest width there is, by its tag and class. */
  async overflow() {
    await this.look(VIEWS["small-light"]);
    await pause(200);
    const found = await this.run(() => {
      const visible = [...document.body.querySelectorAll("*")].filter((element) => element.getClientRects().length);
      const wide = visible.filter((element) => !element.matches(".unseen") && element.getBoundingClientRect().right > innerWidth + 0.5);
      const names = wide.map((element) => `${element.tagName}.${element.className}#${element.id}`);
      return document.documentElement.scrollWidth > innerWidth ? ["the page", ...names] : names;
    });
    await this.look(VIEWS["desktop-light"]);
    return found;
  }

  /** What the page complained about. */
  async complaints() {
    const log = await this.call("POST", "/se/log", { type: "browser" });
    return log.filter((entry) => entry.level === "SEVERE").map((entry) => entry.message);
  }

  async close() {
    await this.call("DELETE", "").catch(() => {});
    this.process.removeAllListeners("exit");
    this.process.kill();
    await rm(this.profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** The `pages` example: RTMP and web on loopback, and test cards at will. */
export class Pages {
  static async start(program, streams = [], address = "127.0.0.1:0") {
    const pages = new Pages();
    pages.process = spawn(program, [address, ...streams], { stdio: ["pipe", "pipe", "inherit"] });
    const said = await new Promise((resolve, reject) => {
      pages.process.stdout.once("data", resolve);
      pages.process.once("error", reject);
      pages.process.once("exit", (code) => reject(new Error(`${program} ended with ${code}`)));
    });
    pages.addresses = JSON.parse(said);
    pages.url = `http://${pages.addresses.web}/`;
    return pages;
  }

  begin(stream) {
    this.process.stdin.write(`${stream}\n`);
  }

  end(stream) {
    this.process.stdin.write(`-${stream}\n`);
  }

  /** Ends the program; its connections break. */
  async stop() {
    this.process.removeAllListeners("exit");
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const gone = new Promise((resolve) => this.process.once("exit", resolve));
    this.process.kill("SIGKILL");
    await gone;
  }
}

export const VIEWS = {
  "desktop-light": { width: 1280, height: 800 },
  "desktop-dark": { width: 1280, height: 800, dark: true },
  "small-light": { width: 320, height: 568, phone: true },
  "small-dark": { width: 320, height: 568, phone: true, dark: true },
  "phone-light": { width: 390, height: 844, phone: true },
  "phone-dark": { width: 390, height: 844, phone: true, dark: true },
};

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export function check(truth, what) {
  if (!truth) throw new Error(what);
  console.log(`ok: ${what}`);
}
