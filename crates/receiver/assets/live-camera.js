// The camera and the microphone: opening one, and which others there are.

/** Asks for both at once, which is one question; without a microphone there is a camera still. */
export async function openBoth(settings) {
  try {
    const stream = await navigator.mediaDevices.getUserMedia({ video: near(settings), audio: hearing(settings) });
    return { camera: stream.getVideoTracks()[0], microphone: stream.getAudioTracks()[0] };
  } catch {
    const camera = await openCamera(settings);
    return { camera, microphone: await openMicrophone(settings).catch(() => undefined) };
  }
}

/** Asks for a camera near these wishes; any camera when that one is gone. */
export async function openCamera(settings) {
  try {
    return await track({ video: near(settings) });
  } catch (error) {
    if (!["OverconstrainedError", "NotFoundError", "NotReadableError"].includes(error.name)) throw error;
    return track({ video: near({ ...settings, camera: "" }) });
  }
}

/** Asks for a microphone; `natural` leaves the sound as it is. */
export async function openMicrophone(settings) {
  try {
    return await track({ audio: hearing(settings) });
  } catch (error) {
    if (error.name !== "OverconstrainedError") throw error;
    return track({ audio: hearing({ ...settings, microphone: "" }) });
  }
}

function near({ camera, facing, limit, frameRate }) {
  const size = { width: { ideal: Math.round((limit * 16) / 9) }, height: { ideal: limit } };
  const which = camera ? { deviceId: { exact: camera } } : { facingMode: { ideal: facing } };
  return { ...size, ...which, frameRate: { ideal: frameRate } };
}

function hearing({ microphone, natural }) {
  const cleaned = { echoCancellation: !natural, noiseSuppression: !natural, autoGainControl: !natural };
  const which = microphone ? { deviceId: { exact: microphone } } : {};
  return { ...cleaned, ...which, channelCount: { ideal: natural ? 2 : 1 } };
}

async function track(constraints) {
  const stream = await navigator.mediaDevices.getUserMedia(constraints);
  return stream.getTracks()[0];
}

export async function devices() {
  const all = await navigator.mediaDevices.enumerateDevices();
  const named = (kind) => all.filter((d) => d.kind === kind && d.deviceId).map(({ deviceId, label }) => ({ deviceId, label }));
  return { cameras: named("videoinput"), microphones: named("audioinput") };
}

/** Whether this camera looks at the person in front of the screen: its preview is a mirror. */
export function facesUser(track) {
  const facing = track.getSettings().facingMode;
  return facing ? facing === "user" : !/back|rear|environment/i.test(track.label);
}
