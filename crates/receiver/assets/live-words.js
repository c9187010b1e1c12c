// What the page says, in words for people. Pure.

/** What keeps this browser from going live, or undefined. */
export function obstacle(scope) {
  if (!scope.isSecureContext) {
    return {
      headline: "This page needs https",
      detail: "Browsers lend the camera to secure pages only. Start the server with --tls and open the https link it prints.",
    };
  }
  if (!scope.navigator.mediaDevices?.getUserMedia) {
    return { headline: "No camera here", detail: "This browser does not lend its camera to pages. Safari, Chrome and Edge do." };
  }
  if (!scope.VideoEncoder || !scope.VideoFrame) {
    return {
      headline: "This browser cannot encode video",
      detail: "It lacks WebCodecs. Safari 16.4 or newer on an iPhone or a Mac has it, and so have current Chrome and Edge.",
    };
  }
  if (!scope.AudioWorkletNode) {
    return { headline: "This browser is too old", detail: "It lacks AudioWorklet. A current Safari, Chrome or Edge will do." };
  }
  return undefined;
}

/** Why there is no camera. */
export function cameraTrouble({ name, message }) {
  if (name === "NotAllowedError" || name === "SecurityError") {
    return {
      headline: "The camera is not allowed",
      detail: "Allow the camera and the microphone for this page in the browser's address bar or settings, and try again.",
    };
  }
  if (name === "NotFoundError") return { headline: "No camera found", detail: "Connect one and try again." };
  if (name === "NotReadableError" || name === "AbortError") {
    return { headline: "The camera is busy", detail: "Another app or page seems to be using it. Close that and try again." };
  }
  return { headline: "The camera did not start", detail: message || name };
}

const REFUSALS = {
  token: "This link is not valid any more. Open the one that the server printed when it started.",
  busy: "Somebody else is live under this name. Choose another one in the settings.",
  full: "The server has as many streams as it takes. Try again when one has ended.",
  version: "This page is older than the server. Load it anew.",
};

/** The server's no. Its own words where it gives some. */
export function refusal({ type, code, message }) {
  if (type === "lost") return "The server did not come back within a minute, so the stream has ended. Press the button to begin a new one.";
  return message || REFUSALS[code] || "The server refused, and did not say why.";
}

/** The state of the line as `[health, words]`. */
export function health(state, stats) {
  if (state === "ready" && stats.blindFor > 3000) return ["bad", "The camera gives no picture"];
  if (state === "ready" || state === "welcome" || state === "unsupported") return ["idle", "Not live"];
  if (state === "connecting") return ["fair", "Connecting"];
  if (state === "away") return ["bad", "Connection lost. Trying again"];
  if (stats.blindFor > 2000) return ["bad", "The camera has stopped"];
  if (stats.deafFor > 2000) return ["bad", "The sound has stopped"];
  if (stats.skipping) return ["bad", "The line is too slow. Skipping frames"];
  if (stats.reduced) return ["fair", `The line carries ${bitrate(stats.carries).join(" ")}. Sending less`];
  if (stats.overloaded) return ["fair", "Too much for this device. A smaller picture would help"];
  return ["good", "Good"];
}

export const STATES = {
  welcome: "Camera off",
  ready: "Ready",
  connecting: "Connecting",
  live: "Live",
  away: "Reconnecting",
  unsupported: "Not possible here",
};

/** A duration as h:mm:ss. */
export function clock(seconds) {
  const whole = Math.floor(seconds);
  const pad = (number) => String(number).padStart(2, "0");
  return `${Math.floor(whole / 3600)}:${pad(Math.floor(whole / 60) % 60)}:${pad(whole % 60)}`;
}

/** A bitrate as `[number, unit]`. */
export function bitrate(bits) {
  return bits >= 1e6 ? [(bits / 1e6).toFixed(1), "Mbit/s"] : [String(Math.round(bits / 1e3)), "kbit/s"];
}

export function farewell({ seconds, bytes, skipped, frames }) {
  if (!frames) return "The stream ended before anything was sent.";
  const share = skipped / (frames + skipped);
  const skips = share > 0.005 ? ` ${(share * 100).toFixed(1)} % of the frames were skipped.` : "";
  return `You were live for ${clock(seconds)} and sent ${(bytes / 1e6).toFixed(1)} MB.${skips}`;
}

/** What this device calls itself to the server. */
export function software({ userAgent }) {
  const found = [/Edg\w*\/(\d+)/, /Firefox\/(\d+)/, /(?:Headless)?Chrome\/(\d+)/, /Version\/(\d+)/].findIndex((r) => r.test(userAgent));
  const name = ["Edge", "Firefox", "Chrome", "Safari"][found] ?? "Browser";
  const system = /iPhone|iPad|Android|Mac OS X|Windows|Linux/.exec(userAgent)?.[0]?.replace(" OS X", "");
  return system ? `${name} on ${system}` : name;
}
