// The watch page through a change of resolution and a line that stands still.
//
//   cargo build -p onair-receiver --example pages
//   node tests/browser/trouble.mjs target/debug/examples/pages
import { readFile } from "node:fs/promises";
import { Browser, Pages, check, pause } from "./driver.mjs";

const [program] = process.argv.slice(2);
const mark = await readFile(new URL("mark.js", import.meta.url), "utf8");
const pages = await Pages.start(program, ["cam"]);
const browser = await Browser.open();
const latency = async () => (await browser.run(`return (${mark})(document.getElementById("video"))`))?.latency ?? null;

/** Waits until the picture is close behind live for a whole second. */
async function settled(seconds) {
  const end = Date.now() + seconds * 1000;
  for (let good = 0; good < 10; await pause(100)) {
    const behind = await latency();
    good = behind !== null && behind < 0.5 ? good + 1 : 0;
    if (Date.now() > end) throw new Error(`still ${behind} s behind after ${seconds} s`);
  }
}

try {
  await browser.go(pages.url);
  await browser.until(() => document.documentElement.dataset.state === "live", 30, "the page says live");
  await settled(60);
  await browser.run(() => {
    window.seen = [];
    new MutationObserver(() => window.seen.push(document.documentElement.dataset.state))
      .observe(document.documentElement, { attributeFilter: ["data-state"] });
  });

  for (const [width, height] of [[640, 360], [720, 1280], [1280, 720]]) {
    pages.begin(`cam@${width}x${height}`);
    await browser.until(`const video = document.getElementById("video");
      return video.videoWidth === ${width} && video.videoHeight === ${height}`, 20, `the picture becomes ${width}x${height}`);
    await settled(60);
    check(true, `the picture goes on as ${width}x${height}, close behind live`);
  }
  check(!(await browser.run(() => window.seen)).includes("connecting"), "without a new connection");

  pages.process.kill("SIGSTOP");
  await pause(2500);
  pages.process.kill("SIGCONT");
  const began = Date.now();
  await settled(60);
  check(true, `after standing still for 2.5 s it is close behind live again within ${((Date.now() - began) / 1000).toFixed(1)} s`);
  const complaints = await browser.complaints();
  check(complaints.length === 0, `the page complains of nothing ${complaints.join("; ")}`);
} catch (error) {
  console.log(await browser.run(() => ({ state: document.documentElement.dataset.state, seen: window.seen,
    time: document.getElementById("video").currentTime, rate: document.getElementById("video").playbackRate,
    ready: document.getElementById("video").readyState,
    buffered: [...Array(document.getElementById("video").buffered.length).keys()].map((i) => [document.getElementById("video").buffered.start(i), document.getElementById("video").buffered.end(i)]),
    latency: document.getElementById("latency").textContent })));
  throw error;
} finally {
  pages.process.kill("SIGCONT");
  await browser.close();
  await pages.stop();
}
