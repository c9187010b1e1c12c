// The watch page: one stream, or what there is to choose from.

import { byId, root, sentence, withKey } from "./watch-base.js";
import { Page } from "./watch-page.js";

/** What is live, until there is one stream and nothing to choose. */
class Listing {
  constructor() {
    byId("title").hidden = true;
    this.look();
  }

  async look() {
    const listing = await this.ask().catch(() => undefined); // the next look may find the server
    if (listing?.streams.length === 1 && !this.several) return new Page(listing.streams[0].name);
    if (listing) this.show(listing.streams);
    if (listing) invite(listing);
    setTimeout(() => this.look(), document.hidden ? 5000 : 1500);
  }

  async ask() {
    const answer = await fetch(withKey(new URL("/api/streams", location.href)));
    if (answer.ok) return answer.json();
    this.refused(await answer.text());
    return undefined;
  }

  refused(words) {
    root.dataset.state = "refused";
    byId("state").textContent = "Not shown";
    byId("list").hidden = byId("invitation").hidden = true;
    byId("empty").hidden = false;
    byId("empty-title").textContent = "The server said no";
    byId("empty-words").textContent = sentence(words);
  }

  show(streams) {
    this.several = streams.length > 1 || this.several && streams.length > 0;
    root.dataset.state = streams.length ? "live" : "offline";
    byId("state").textContent = streams.length ? `${streams.length} live` : "Nothing live";
    byId("list").hidden = !streams.length;
    byId("empty").hidden = streams.length > 0;
    byId("empty-title").textContent = "Nothing is live yet";
    byId("empty-words").textContent = "Whatever is published to this machine appears here by itself.";
    const key = JSON.stringify(streams.map((stream) => [stream.name, summary(stream)]));
    if (key === this.key) return;
    this.key = key;
    byId("streams").replaceChildren(...streams.map(entry));
  }
}

/** Says how to be the first, where this visitor can reach what takes RTMP. */
function invite({ publish }) {
  byId("publish").textContent = publish ?? "";
  byId("invitation").hidden = !publish;
}

function entry(stream) {
  const item = document.createElement("li");
  const link = document.createElement("a");
  link.href = `/?stream=${encodeURIComponent(stream.name)}${location.hash}`;
  const name = document.createElement("b");
  name.textContent = name.title = stream.name;
  const viewers = document.createElement("span");
  viewers.textContent = stream.viewers === 1 ? "1 viewer" : `${stream.viewers} viewers`;
  const what = document.createElement("span");
  what.className = "what";
  what.textContent = summary(stream);
  what.title = stream.left_out?.join("; ") ?? "";
  link.append(name, viewers, what);
  item.append(link);
  return item;
}

function summary({ video, audio, interrupted, left_out: leftOut }) {
  if (interrupted) return "Interrupted, and expected back";
  const fault = (leftOut?.length && "not all of it is understood") || (video?.keyframes_only && "keyframes only");
  const picture = video && `${video.width} × ${video.height}`;
  const rate = video?.frame_rate && `${Math.round(video.frame_rate)} fps`;
  const bits = (video?.bitrate_bps ?? 0) + (audio?.bitrate_bps ?? 0);
  return [picture, rate, bits && `${(bits / 1e6).toFixed(1)} Mbit/s`, !video && audio && "audio only", fault].filter(Boolean).join(" · ");
}

// The key to watch goes along.
byId("home").href = `/${location.hash}`;
for (const link of document.querySelectorAll(".foot a")) link.href = withKey(new URL(link.href));
const wanted = new URLSearchParams(location.search).get("stream");
if (wanted) new Page(wanted);
else new Listing();
