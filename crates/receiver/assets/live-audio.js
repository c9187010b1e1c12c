// Collects the microphone's samples into blocks and counts them: the count is the sound's clock.

const BLOCK = 1024;

class Blocks extends AudioWorkletProcessor {
  #channels;
  #block;
  #filled = 0;

  constructor({ processorOptions }) {
    super();
    this.#channels = processorOptions.channels;
    this.#block = new Float32Array(BLOCK * this.#channels);
  }

  process([input]) {
    const frames = input[0]?.length ?? 128; // no input is silence, and time goes on
    for (let channel = 0; channel < this.#channels; channel++) {
      const samples = input[Math.min(channel, input.length - 1)];
      if (samples) this.#block.set(samples, channel * BLOCK + this.#filled);
    }
    this.#filled += frames;
    if (this.#filled >= BLOCK) this.#post(currentFrame + frames - BLOCK);
    return true;
  }

  #post(first) {
    this.port.postMessage({ first, samples: this.#block }, [this.#block.buffer]);
    this.#block = new Float32Array(BLOCK * this.#channels);
    this.#filled = 0;
  }
}

registerProcessor("blocks", Blocks);
