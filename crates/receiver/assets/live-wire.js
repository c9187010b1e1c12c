// The bytes and words of `WS /live`. Pure: what they mean is told in the server's documentation.

export const VERSION = 1;
export const HEADER = 20;
export const VIDEO = 1;
export const AUDIO = 2;
const PART = 3;
const WORD = 4;
const WORD_LENGTH = 36;
const MORE = 2; // a flag: parts follow

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

/** The first `size` bytes of a message as a message, and what is left; `isRest`: its beginning was sent before. */
export function partOf(whole, size, isRest) {
  const more = whole.length > size ? MORE : 0;
  const rest = more ? whole.subarray(size) : undefined;
  if (!more && !isRest) return { message: whole };
  const head = isRest ? [PART, more, 0, 0] : [];
  const message = new Uint8Array(head.length + Math.min(size, whole.length));
  message.set(head);
  message.set(whole.subarray(0, size), head.length);
  if (!isRest) message[1] |= MORE;
  return { message, rest };
}

/** How the page is. Milliseconds and bytes; `sent` without this message, and with the one that follows. */
export function word({ now, trip, sent, encoded, queued, age }) {
  const message = new DataView(new ArrayBuffer(WORD_LENGTH));
  message.setUint8(0, WORD);
  message.setUint16(2, Math.min(0xffff, Math.ceil(trip)));
  message.setBigInt64(4, BigInt(Math.round(now * 1000)));
  message.setBigUint64(12, BigInt(sent + WORD_LENGTH));
  message.setBigUint64(20, BigInt(encoded));
  message.setUint32(28, queued);
  message.setUint32(32, Math.min(0xffff_ffff, Math.round(age * 1000)));
  return new Uint8Array(message.buffer);
}

export function hello({ token, name, session, software }) {
  return JSON.stringify({ type: "hello", version: VERSION, token, name, session, software });
}

export function config(tracks) {
  return JSON.stringify({ type: "config", ...tracks });
}

/** What would be encoded on a line without limits. */
export function wish(about) {
  return JSON.stringify({ type: "wish", ...about });
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
