// What an iPhone's browser is like, where it differs from Chromium: pictures are read in a worker only, or
// (older) from the video element; sound is encoded in the page. The encoder made up here knows one block: silence.

delete globalThis.MediaStreamTrackProcessor;
if (globalThis.lacksWorker) globalThis.Worker = undefined;

globalThis.AudioEncoder = class {
  static SILENCE = Uint8Array.of(0x00, 0xc8, 0x00, 0x80, 0x23, 0x80);
  state = "unconfigured";
  #output;
  #described = false;

  static async isConfigSupported({ codec, numberOfChannels }) {
    return { supported: codec === "mp4a.40.2" && numberOfChannels === 1 };
  }

  constructor({ output }) {
    this.#output = output;
  }

  configure() {
    this.state = "configured";
  }

  encode({ timestamp, numberOfFrames, sampleRate }) {
    const bytes = AudioEncoder.SILENCE;
    const duration = Math.round((numberOfFrames / sampleRate) * 1e6);
    const chunk = { type: "key", timestamp, duration, byteLength: bytes.length, copyTo: (target) => target.set(bytes) };
    const decoderConfig = { codec: "mp4a.40.2", sampleRate, numberOfChannels: 1, description: Uint8Array.of(0x11, 0x88).buffer };
    this.#output(chunk, this.#described ? {} : { decoderConfig });
    this.#described = true;
  }

  close() {
    this.state = "closed";
  }
};
