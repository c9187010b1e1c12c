// The camera's frames one by one, by the best of the ways that this browser knows.

const UNTOLD = 1000; // ms in which frames are shown and none is told of: this browser never will

/**
 * Calls `take(frame, stamp)` for every frame (`take` closes it) until the returned function is called.
 * `stamp` is in microseconds on a clock of the camera's. `video` shows the track, at `frameRate`.
 */
export function readFrames(track, { video, frameRate }, take) {
  if ("MediaStreamTrackProcessor" in globalThis) return readHere(track, take);
  return readInWorker(track, take, () => readFromVideo(track, { video, frameRate }, take));
}

function readHere(track, take) {
  const reader = new MediaStreamTrackProcessor({ track }).readable.getReader();
  (async () => {
    for (;;) {
      const { value: frame, done } = await reader.read();
      if (done) return;
      take(frame, frame.timestamp);
    }
  })();
  return () => reader.cancel();
}

function readInWorker(track, take, otherwise) {
  const copy = track.clone();
  let worker;
  let stop = () => {
    worker?.terminate();
    copy.stop();
  };
  const giveUp = () => {
    stop();
    stop = otherwise();
  };
  try {
    worker = new Worker(new URL("./live-frames.js", import.meta.url));
    worker.onmessage = ({ data }) => (data.missing ? giveUp() : take(data.frame, data.frame.timestamp));
    worker.onerror = giveUp;
    worker.postMessage(copy, [copy]);
  } catch {
    giveUp();
  }
  return () => stop();
}

// Whatever the preview shows: as the browser tells it, or by the clock where the browser tells nothing.
function readFromVideo(track, { video, frameRate }, take) {
  let quiet; // since when it shows something and tells nothing
  let stopReading = readShown(video, (frame, stamp) => {
    clearInterval(watch);
    take(frame, stamp);
  });
  const watch = setInterval(() => {
    const shows = video.readyState > 1 && !video.paused && !document.hidden;
    quiet = shows ? (quiet ?? performance.now()) : undefined;
    if (!shows || performance.now() - quiet < UNTOLD) return;
    clearInterval(watch);
    stopReading();
    stopReading = readByTimer(track, { video, frameRate }, take);
  }, UNTOLD / 4);
  return () => {
    clearInterval(watch);
    stopReading();
  };
}

function readShown(video, take) {
  if (!video.requestVideoFrameCallback) return () => {};
  let going = true;
  let clock; // the better one that this browser has, and then always the same
  const next = (now, about) => {
    if (!going) return;
    clock ??= "captureTime" in about ? ({ captureTime }) => captureTime * 1000 : ({ mediaTime }) => mediaTime * 1e6;
    const stamp = clock(about);
    const frame = stamp >= 0 && shownBy(video, Math.round(stamp));
    if (frame) take(frame, stamp);
    video.requestVideoFrameCallback(next);
  };
  video.requestVideoFrameCallback(next);
  return () => (going = false);
}

// WebKit tells of no frame while it paints without its compositor, and yet there are frames to be had.
function readByTimer(track, { video, frameRate }, take) {
  const picture = pictures(video);
  let seen;
  const timer = setInterval(() => {
    const { totalVideoFrames: shown } = video.getVideoPlaybackQuality();
    const isNew = shown === 0 || shown !== seen; // some count none of a camera's
    if (!isNew || video.readyState < 2 || track.muted || track.readyState !== "live") return;
    seen = shown;
    const stamp = performance.now() * 1000;
    take(picture(Math.round(stamp)), stamp);
  }, 500 / frameRate);
  return () => clearInterval(timer);
}

// What the video element shows as a frame: as it is, or by way of a canvas, which costs twenty times as much.
function pictures(video) {
  let context;
  const painted = (timestamp) => {
    const { videoWidth: width, videoHeight: height } = video;
    context ??= new OffscreenCanvas(width, height).getContext("2d", { alpha: false });
    if (context.canvas.width !== width || context.canvas.height !== height) Object.assign(context.canvas, { width, height });
    context.drawImage(video, 0, 0, width, height);
    return new VideoFrame(context.canvas, { timestamp });
  };
  return (timestamp) => shownBy(video, timestamp) ?? painted(timestamp);
}

/** What the video element shows, or undefined: it has nothing while its camera changes. */
function shownBy(video, timestamp) {
  try {
    return new VideoFrame(video, { timestamp });
  } catch {
    return undefined;
  }
}
