// Reads a camera's pictures where the browser allows it in workers only (Safari), and hands them over.

let reader;

onmessage = async ({ data: track }) => {
  await reader?.cancel();
  if (typeof MediaStreamTrackProcessor === "undefined") return postMessage({ missing: true });
  reader = new MediaStreamTrackProcessor({ track }).readable.getReader();
  for (;;) {
    const { value: frame, done } = await reader.read();
    if (done) return;
    postMessage({ frame }, [frame]);
  }
};
