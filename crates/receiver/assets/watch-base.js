// What all parts of the watch page use.

export const byId = (id) => document.getElementById(id);
export const root = document.documentElement;
/** Seconds on this page's clock. */
export const now = () => performance.now() / 1000;
export const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
