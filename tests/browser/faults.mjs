// What is wrong with what a publisher sends stands on the watch page, and what is right does not.
//
//   cargo build -p onair-receiver --example pages
//   node tests/browser/faults.mjs target/debug/examples/pages
import { spawn } from "node:child_process";
import { Browser, Pages, check, pause } from "./driver.mjs";

const [program] = process.argv.slice(2);
const pages = await Pages.start(program);
const browser = await Browser.open();

const STREAMS = {
  keyframes: { options: ["-g", "1"], says: /keyframes only/ },
  gaps: { options: ["-vf", "select='lt(mod(n,60),57)'", "-fps_mode", "passthrough"], says: /left out \d+ frames/ },
  mp3: { options: ["-c:a", "libmp3lame"], says: /MP3/i },
};

try {
  for (const [name, { options, says }] of Object.entries(STREAMS)) {
    const publisher = ffmpeg(`rtmp://${pages.addresses.rtmp}/live/${name}`, options);
    try {
      await browser.go(new URL(`/?stream=live%2F${name}`, pages.url).href);
      await browser.until(() => document.documentElement.dataset.state === "live", 30, `${name} plays`);
      await browser.until(() => !document.getElementById("faults").hidden, 20, `the page says what is wrong with ${name}`);
      const said = await browser.run(() => document.getElementById("faults").textContent);
      check(says.test(said), `${name}: ${said}`);
    } finally {
      publisher.kill("SIGKILL");
    }
  }

  const publisher = ffmpeg(`rtmp://${pages.addresses.rtmp}/live/good`, []);
  try {
    await browser.go(new URL("/?stream=live%2Fgood", pages.url).href);
    await browser.until(() => document.documentElement.dataset.state === "live", 30, "a good stream plays");
    await pause(5000);
    const said = await browser.run(() => document.getElementById("faults").textContent);
    check(said === "", `nothing is said of a good stream ${said}`);
  } finally {
    publisher.kill("SIGKILL");
  }
  const complaints = await browser.complaints();
  check(complaints.length === 0, `the page complains of nothing ${complaints.join("; ")}`);
} finally {
  await browser.close();
  await pages.stop();
}

function ffmpeg(to, options) {
  const input = ["-re", "-f", "lavfi", "-i", "testsrc2=size=640x360:rate=30", "-f", "lavfi", "-i", "sine=440:sample_rate=44100"];
  const output = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "30", "-pix_fmt", "yuv420p", "-c:a", "aac"];
  return spawn("ffmpeg", ["-v", "error", ...input, ...output, ...options, "-f", "flv", to], { stdio: "ignore" });
}
