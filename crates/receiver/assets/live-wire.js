// The bytes and words of `WS /live`. Pure: what they mean is told in the server's documentation.

export const VERSION = 1;
export const HEADER = 20;
export const VIDEO = 1;
export const AUDIO = 2;

/** One access unit or sound block with its header. Times are microseconds. */
export function mediaMessage({ kind, keyframe = false, pts, duration = 0, size, copyTo }) {
  const message = new Uint8Array(HEADER + size);
  const header = new DataView(message.buffer);
  header.setUint8(0, kind);
  header.setUint8(1, keyframe ? 1 : 0);
  header.setBigInt64(4, BigInt(Math.round(pts)));
  header.setUint32(12, Math.max(0, Math.round(duration)));
  copyTo(message.subarray(HEADER));
  return message;
}

export function hello({ token, name, session, software }) {
  return JSON.stringify({ type: "hello", version: VERSION, token, name, session, software });
}

export function config(tracks) {
  return JSON.stringify({ type: "config", ...tracks });
}

export const bye = () => JSON.stringify({ type: "bye" });

export function base64(bytes) {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}

/** The bytes of a BufferSource, without copying. */
export function bytesOf(source) {
  if (source instanceof Uint8Array) return source;
  if (ArrayBuffer.isView(source)) return new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
  return new Uint8Array(source);
}

/** 32 hexadecimal digits nobody can guess. */
export function newSession() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");
}

/** Planar floats as interleaved 16-bit PCM, clipped. */
export function interleaveS16(planar, channels, out) {
  const frames = planar.length / channels;
  const view = new DataView(out.buffer, out.byteOffset, out.byteLength);
  for (let channel = 0; channel < channels; channel++) {
    for (let i = 0; i < frames; i++) {
      const sample = Math.max(-1, Math.min(1, planar[channel * frames + i]));
      view.setInt16((i * channels + channel) * 2, Math.round(sample * 32767), true);
    }
  }
}
