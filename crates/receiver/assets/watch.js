// The watch page: one stream, or what there is to choose from.

import { byId, root } from "./watch-base.js";
import { Page } from "./watch-page.js";

/** What is live, until there is one stream and nothing to choose. */
class Listing {
  constructor() {
    byId("title").hidden = true;
    this.look();
  }

  async look() {
    let listing = null;
    try {
      listing = await (await fetch("/api/streams")).json();
    } catch {
      // The next look may find the server.
    }
    if (listing?.streams.length === 1 && !this.several) return new Page(listing.streams[0].name);
    if (listing) this.show(listing.streams);
    if (listing?.rtmp_port) invite(listing.rtmp_port);
    setTimeout(() => this.look(), document.hidden ? 5000 : 1500);
  }

  show(streams) {
    this.several = streams.length > 1 || this.several && streams.length > 0;
    root.dataset.state = streams.length ? "live" : "offline";
    byId("state").textContent = streams.length ? `${streams.length} live` : "Nothing live";
    byId("list").hidden = !streams.length;
    byId("empty").hidden = streams.length > 0;
    const key = JSON.stringify(streams.map((stream) => [stream.name, summary(stream)]));
    if (key === this.key) return;
    this.key = key;
    byId("streams").replaceChildren(...streams.map(entry));
  }
}

/** Says how to be the first. */
function invite(port) {
  const host = location.hostname + (port === 1935 ? "" : `:${port}`);
  byId("publish").textContent = `rtmp://${host}/live/cam`;
  byId("invitation").hidden = false;
}

function entry(stream) {
  const item = document.createElement("li");
  const link = document.createElement("a");
  link.href = `/?stream=${encodeURIComponent(stream.name)}`;
  const name = document.createElement("b");
  name.textContent = stream.name;
  const viewers = document.createElement("span");
  viewers.textContent = stream.viewers === 1 ? "1 viewer" : `${stream.viewers} viewers`;
  const what = document.createElement("span");
  what.className = "what";
  what.textContent = summary(stream);
  link.append(name, viewers, what);
  item.append(link);
  return item;
}

function summary({ video, audio, interrupted }) {
  if (interrupted) return "Interrupted, and expected back";
  const picture = video && `${video.width} × ${video.height}`;
  const rate = video?.frame_rate && `${Math.round(video.frame_rate)} fps`;
  const bits = (video?.bitrate_bps ?? 0) + (audio?.bitrate_bps ?? 0);
  return [picture, rate, bits && `${(bits / 1e6).toFixed(1)} Mbit/s`, !video && audio && "sound only"].filter(Boolean).join(" · ");
}

const wanted = new URLSearchParams(location.search).get("stream");
if (wanted) new Page(wanted);
else new Listing();
