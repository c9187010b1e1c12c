// What all parts of the watch page use.

export const byId = (id) => document.getElementById(id);
export const root = document.documentElement;
/** Seconds on this page's clock. */
export const now = () => performance.now() / 1000;
export const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

/** The address with the key to watch, where the page's own has one behind its `#`: that reaches no log. */
export function withKey(url) {
  const key = new URLSearchParams(location.hash.slice(1)).get("key");
  if (key) url.searchParams.set("key", key);
  return url;
}

/** Words of the server's as a sentence. */
export function sentence(words) {
  const text = words.trim();
  return text && text[0].toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : ".");
}
