// The pages on the narrowest phone, with the longest names, without a picture, and where there is no page.
//
//   cargo build -p onair-receiver --example pages
//   node tests/browser/narrow.mjs target/debug/examples/pages [DIRECTORY FOR SCREENSHOTS]
import { spawn } from "node:child_process";
import { Browser, Pages, check, pause } from "./driver.mjs";

const [program, shots] = process.argv.slice(2);
const LONG = "W".repeat(190);
const pages = await Pages.start(program);
const browser = await Browser.open();
const state = (name, seconds = 20) =>
  browser.until(`return document.documentElement.dataset.state === ${JSON.stringify(name)}`, seconds, `the page is ${name}`);

async function fits(what) {
  await browser.photograph(shots, what.replaceAll(" ", "-"));
  const wide = await browser.overflow();
  check(wide.length === 0, `${what}: nothing sticks out at 320 px ${wide.slice(0, 8).join(" ")}`);
}

try {
  await browser.go(pages.url);
  await state("offline");
  await fits("nothing live");
  const offered = await browser.run(() => document.getElementById("publish").textContent);
  const { rtmp, web } = pages.addresses;
  check(offered === `rtmp://${rtmp}/live/cam`, `what is offered is listened on: ${offered}`);

  await browser.go(new URL("/no/such/page", pages.url).href);
  check(await browser.run(() => Boolean(document.querySelector("a[href='/']"))), "a page that is not there leads back");
  check(await browser.run(() => getComputedStyle(document.querySelector("h1")).fontSize === "22px"), "and has its style");
  await fits("no such page");
  const plain = await fetch(`http://${web}/nothing`);
  check(plain.status === 404 && !(await plain.text()).includes("<"), "a program gets a word, and 404");
  await browser.complaints(); // of the page that is not there, rightly

  await browser.go(new URL(`/?stream=live%2F${LONG}`, pages.url).href);
  await state("offline");
  await fits("a long name offline");
  pages.begin(LONG);
  await state("live");
  await pause(1500);
  await fits("a long name live");
  pages.begin("cam");
  await browser.go(pages.url);
  await browser.until(() => document.querySelectorAll("#streams a").length === 2, 10, "both streams are listed");
  await pause(2000);
  await fits("a long name in the list");
  const shown = await browser.run(() => [...document.querySelectorAll("#streams b")].at(-1).getBoundingClientRect().height);
  check(shown > 10, "the other name is still to be seen");

  await browser.go(new URL("/?stream=live%2Fradio", pages.url).href);
  await state("offline");
  const sound = ffmpeg(`rtmp://${rtmp}/live/radio`, "-c:a", "aac");
  try {
    await state("live");
    const headline = await browser.run(() => document.getElementById("headline").textContent);
    check(headline === "Audio only", `a stream without a picture says so: ${headline}`);
    await pause(2500);
    const moved = await browser.run(() => document.getElementById("video").currentTime > 1);
    check(moved, "and plays");
    await fits("audio only");
  } finally {
    sound.kill("SIGKILL");
  }
  const complaints = await browser.complaints();
  check(complaints.length === 0, `the pages complain of nothing ${complaints.join("; ")}`);
} finally {
  await browser.close();
  await pages.stop();
}

function ffmpeg(to, ...output) {
  const input = ["-re", "-f", "lavfi", "-i", "sine=440:sample_rate=44100"];
  return spawn("ffmpeg", ["-v", "error", ...input, ...output, "-f", "flv", to], { stdio: "ignore" });
}
