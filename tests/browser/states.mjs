// The watch page when there is nothing, something, too much and no more to see.
//
//   cargo build -p onair-receiver --example pages
//   node tests/browser/states.mjs target/debug/examples/pages [DIRECTORY FOR SCREENSHOTS]
import { spawn } from "node:child_process";
import { Browser, Pages, check, pause } from "./driver.mjs";

const [program, shots] = process.argv.slice(2);
let pages = await Pages.start(program);
const { url } = pages;
const browser = await Browser.open();

try {
  await browser.go(url);
  await browser.until(() => document.documentElement.dataset.state === "offline", 10, "nothing is live");
  await browser.photograph(shots, "empty");

  await browser.go(new URL("/?stream=live%2Fone", url).href);
  await browser.until(() => document.documentElement.dataset.state === "offline", 10, "the stream is offline");
  await browser.photograph(shots, "offline");
  pages.begin("one");
  await browser.until(() => document.documentElement.dataset.state === "live", 20, "it appears by itself");
  check(true, "a page that waits plays when the stream begins");

  await browser.run(() => document.getElementById("sound").click());
  check(await browser.run(() => !document.getElementById("video").muted), "a click gives sound");
  await browser.run(() => dispatchEvent(new KeyboardEvent("keydown", { key: "m" })));
  check(await browser.run(() => document.getElementById("video").muted), "and a key takes it");

  await browser.run(() => {
    const video = document.getElementById("video");
    video.play = () => Promise.reject(new DOMException("not without a gesture", "NotAllowedError"));
    video.pause();
  });
  await browser.until(() => document.documentElement.dataset.state === "asking", 20, "it asks for a gesture");
  await browser.photograph(shots, "asking");
  await browser.run(() => {
    delete document.getElementById("video").play;
    document.getElementById("start").click();
  });
  await browser.until(() => document.documentElement.dataset.state === "live", 20, "it goes on");
  check(true, "a browser that wants a gesture is given a button, and goes on");

  pages.end("one");
  await browser.until(() => document.documentElement.dataset.state === "ended", 20, "it ends");
  await browser.photograph(shots, "ended");
  pages.begin("one");
  await browser.until(() => document.documentElement.dataset.state === "live", 20, "it begins again");
  check(true, "a page whose stream ended plays the next one");

  await browser.go(new URL("/?stream=live%2Fother", url).href);
  let other = ffmpeg(`rtmp://${pages.addresses.rtmp}/live/other`);
  await browser.until(() => document.documentElement.dataset.state === "live", 20, "what FFmpeg publishes plays");
  await pause(3000);
  const frames = await browser.run(() => document.getElementById("video").getVideoPlaybackQuality().totalVideoFrames);
  check(frames > 60, `FFmpeg's stream with B-frames plays: ${frames} frames`);
  other.kill("SIGKILL");
  await browser.until(() => document.documentElement.dataset.state === "interrupted", 20, "the publisher is gone");
  await browser.photograph(shots, "interrupted");
  other = ffmpeg(`rtmp://${pages.addresses.rtmp}/live/other`);
  await browser.until(() => document.documentElement.dataset.state === "live", 20, "it is back");
  other.kill("SIGKILL");
  check(true, "a publisher that vanished is waited for, and goes on");

  await browser.go(new URL("/?stream=live%2Fone", url).href);
  await browser.until(() => document.documentElement.dataset.state === "live", 20, "the first stream again");
  await pages.stop();
  await browser.until(() => document.documentElement.dataset.state === "connecting", 20, "the server is gone");
  await browser.photograph(shots, "connecting");
  pages = await Pages.start(program, ["one"], pages.addresses.web);
  await browser.until(() => document.documentElement.dataset.state === "live", 30, "the page connects again");
  check(true, "a page whose server went away plays when it is back");
  await browser.complaints(); // of connections refused, rightly

  pages.begin("two");
  await browser.go(url);
  await browser.until(() => document.querySelectorAll("#streams a").length === 2, 10, "both streams are listed");
  await pause(2500);
  await browser.photograph(shots, "list");
  const names = await browser.run(() => [...document.querySelectorAll("#streams b")].map((name) => name.textContent).join());
  check(names === "live/one,live/two", "streams are listed by name");
  pages.end("one");
  pages.end("two");
  const complaints = await browser.complaints();
  check(complaints.length === 0, `the page complains of nothing ${complaints.join("; ")}`);
} finally {
  await browser.close();
  await pages.stop();
}

/** Another program's stream, with B-frames and 44.1 kHz sound. */
function ffmpeg(to) {
  const input = ["-re", "-f", "lavfi", "-i", "testsrc2=size=640x360:rate=30", "-f", "lavfi", "-i", "sine=440:sample_rate=44100"];
  const output = ["-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-g", "30", "-pix_fmt", "yuv420p", "-c:a", "aac", "-f", "flv", to];
  return spawn("ffmpeg", ["-v", "error", ...input, ...output], { stdio: "ignore" });
}
