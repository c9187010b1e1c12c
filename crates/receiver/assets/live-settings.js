// The choices: kept in this browser, shown in the sheet.

import { suitableBitrate } from "./live-studio.js";
import { bitrate as spell } from "./live-words.js";

const STORE = "onair.live";
const NAME = /^[A-Za-z0-9._-]{1,64}$/;
const isPhone = () => matchMedia("(pointer: coarse)").matches;

export function load() {
  const usual = { name: isPhone() ? "phone" : "laptop", camera: "", facing: "user", microphone: "" };
  const picture = { natural: false, limit: 720, frameRate: 30 };
  let kept = {};
  try {
    kept = JSON.parse(localStorage.getItem(STORE)) ?? {};
  } catch {
    // Storage may be forbidden; the usual will do.
  }
  const settings = { ...usual, ...picture, bitrate: suitableBitrate(picture), ...kept };
  return NAME.test(settings.name) ? settings : { ...settings, name: usual.name };
}

function keep(settings) {
  try {
    localStorage.setItem(STORE, JSON.stringify(settings));
  } catch {
    // Then it is asked anew next time.
  }
}

/** The settings sheet. `changed(settings)` hears of every choice that makes sense. */
export class Sheet {
  settings = load();
  #dialog;
  #form;
  #changed;

  constructor(dialog, changed) {
    this.#dialog = dialog;
    this.#form = dialog.querySelector("form");
    this.#changed = changed;
    this.#form.addEventListener("change", (event) => this.#take(event.target));
    this.#form.bitrate.addEventListener("input", () => this.#spellBitrate(Number(this.#form.bitrate.value)));
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
    this.#form.addEventListener("submit", () => this.#take(this.#form.elements.name));
  }

  /** Opens; the name stays as it is while it is on air. */
  async open(devices, named) {
    this.#fill(this.#form.camera, devices.cameras, this.settings.camera, "Camera");
    this.#fill(this.#form.microphone, devices.microphones, this.settings.microphone, "Microphone");
    this.#form.elements.name.disabled = named;
    this.#show();
    this.#dialog.showModal();
  }

  /** Choices made elsewhere: the flip button. */
  merge(choice) {
    this.settings = { ...this.settings, ...choice };
    keep(this.settings);
  }

  #show() {
    const { name, natural, limit, frameRate, bitrate } = this.settings;
    this.#form.elements.name.value = name;
    this.#form.natural.value = String(natural);
    this.#form.limit.value = String(limit);
    this.#form.frameRate.value = String(frameRate);
    this.#form.bitrate.value = bitrate / 1000;
    this.#spellBitrate(bitrate / 1000);
  }

  #spellBitrate(kilobits) {
    const words = spell(kilobits * 1000).join(" ");
    this.#dialog.querySelector("output").textContent = words;
    this.#form.bitrate.setAttribute("aria-valuetext", words);
  }

  #fill(select, devices, chosen, noun) {
    const options = devices.map(({ deviceId, label }, i) => new Option(label || `${noun} ${i + 1}`, deviceId));
    select.replaceChildren(new Option("Automatic", ""), ...options);
    select.value = devices.some(({ deviceId }) => deviceId === chosen) ? chosen : "";
  }

  #take({ name, value }) {
    const choice = this.#read(name, value);
    if (!choice) return this.#show();
    this.merge(choice);
    this.#show();
    this.#changed(this.settings);
  }

  #read(name, value) {
    if (name === "name") return NAME.test(value.trim()) ? { name: value.trim() } : undefined;
    if (name === "natural") return { natural: value === "true" };
    if (name === "bitrate") return { bitrate: Number(value) * 1000 };
    if (name === "camera" || name === "microphone") return { [name]: value };
    const picture = { limit: this.settings.limit, frameRate: this.settings.frameRate, [name]: Number(value) };
    return { ...picture, bitrate: suitableBitrate(picture) };
  }
}
