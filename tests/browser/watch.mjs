// The watch page in a real browser: it plays, close behind live and steadily.
//
//   cargo build -p onair-receiver --example pages
//   node tests/browser/watch.mjs target/debug/examples/pages [DIRECTORY FOR SCREENSHOTS]
import { readFile } from "node:fs/promises";
import { Browser, Pages, VIEWS, check, pause } from "./driver.mjs";

const [program, shots] = process.argv.slice(2);
const mark = await readFile(new URL("mark.js", import.meta.url), "utf8");
const SETTLING = 4000, WINDOW = 10_000, WINDOWS = 4;

const pages = await Pages.start(program, ["cam"]);
const browser = await Browser.open();
try {
  await browser.look(VIEWS["desktop-light"]);
  await browser.go(pages.url);
  await browser.until(() => document.documentElement.dataset.state === "live", 30, "the page says live");
  await pause(SETTLING);
  // Another program's burst may spoil one window, but not all of them.
  let figures;
  for (let window = 0; window < WINDOWS; window++) {
    figures = await measure();
    console.log(JSON.stringify(figures));
    if (figures.latency_p95 < 0.5 && Math.abs(figures.apart) < 0.02) break;
  }
  await browser.photograph(shots, "watch");
  check(figures.samples > 20, "the test card's strip is read off the picture");
  check(figures.ordered && figures.frames > 100, "frames come, and in order");
  check(Math.abs(figures.pace - 1) < 0.05, "time passes as it should");
  check(figures.latency_p95 < 0.5, "frames are shown less than half a second after they were drawn");
  check(Math.abs(figures.apart) < 0.02, "the page says how far behind live it is, within 20 ms");
  check(figures.jumps === 0, "it is steady: no jumps");
  const complaints = await browser.complaints();
  check(complaints.length === 0, `the page complains of nothing ${complaints.join("; ")}`);
} finally {
  await browser.close();
  await pages.stop();
}

/** Watches the picture for a while. */
async function measure() {
  const moment = () => {
    const video = document.getElementById("video");
    const { droppedVideoFrames: dropped, totalVideoFrames: total } = video.getVideoPlaybackQuality();
    return { time: video.currentTime, at: performance.now() / 1000, dropped, total };
  };
  await browser.run(() => {
    window.jumps = 0;
    document.getElementById("video").onseeking = () => window.jumps++;
  });
  const [samples, before, end] = [[], await browser.run(moment), Date.now() + WINDOW];
  while (Date.now() < end) {
    const sample = await browser.run(`const seen = (${mark})(document.getElementById("video"));
      return seen && { ...seen, told: parseFloat(document.getElementById("latency").textContent) }`);
    if (sample) samples.push(sample);
    await pause(100);
  }
  const after = await browser.run(moment);
  const both = samples.filter(({ told }) => told);
  const mean = (of) => both.reduce((sum, sample) => sum + of(sample), 0) / both.length;
  const sorted = samples.map((sample) => sample.latency).sort((a, b) => a - b);
  const at = (part) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];
  return {
    samples: samples.length,
    frames: samples.at(-1)?.frame - samples[0]?.frame,
    ordered: samples.every((sample, i) => !i || sample.frame >= samples[i - 1].frame),
    latency_p50: at(0.5), latency_p95: at(0.95), latency_max: at(1),
    pace: +((after.time - before.time) / (after.at - before.at)).toFixed(3),
    jumps: await browser.run(() => window.jumps),
    dropped: after.dropped - before.dropped, total: after.total - before.total,
    apart: +mean(({ latency, told }) => latency - told).toFixed(3),
  };
}
