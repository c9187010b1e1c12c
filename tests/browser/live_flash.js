// A camera and a microphone whose moments are known: every second a white picture and a beep, made at once.

let flashNoise = false; // pictures that need many bits
let turnCamera;

{
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d", { alpha: false });
  let [width, height] = [640, 360];
  let sound, gain;

  turnCamera = () => ([width, height] = [height, width]);
  globalThis.turnCamera = turnCamera;

  const draw = (white) => {
    if (canvas.width !== width) Object.assign(canvas, { width, height });
    context.fillStyle = white ? "#fff" : "#000";
    context.fillRect(0, 0, width, height);
    if (!flashNoise) return;
    for (let i = 0; i < 40; i++) {
      context.fillStyle = `hsl(${Math.random() * 360} 90% ${white ? 80 : 25}%)`;
      context.fillRect(Math.random() * width, Math.random() * height, 40, 40);
    }
  };

  const beep = () => {
    gain.gain.setValueAtTime(0.8, sound.currentTime);
    gain.gain.setValueAtTime(0, sound.currentTime + 0.1);
  };

  const camera = () => {
    const stream = canvas.captureStream(0);
    const [track] = stream.getVideoTracks();
    let wasWhite = false;
    setInterval(() => {
      const white = performance.now() % 1000 < 100;
      draw(white);
      if (white && !wasWhite && sound) beep();
      track.requestFrame();
      wasWhite = white;
    }, 1000 / 30);
    return stream;
  };

  const microphone = () => {
    sound = new AudioContext({ sampleRate: 48000 });
    addEventListener("click", () => sound.resume());
    const tone = new OscillatorNode(sound, { frequency: 1000 });
    gain = new GainNode(sound, { gain: 0 });
    const out = new MediaStreamAudioDestinationNode(sound, { channelCount: 1 });
    tone.connect(gain).connect(out);
    tone.start();
    return out.stream;
  };

  if (navigator.mediaDevices) navigator.mediaDevices.getUserMedia = async ({ video, audio }) => {
    const sources = [...(video ? [camera()] : []), ...(audio ? [microphone()] : [])];
    return new MediaStream(sources.flatMap((stream) => stream.getTracks()));
  };
}
