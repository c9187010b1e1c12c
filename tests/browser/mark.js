// Reads the test card's machine-readable strip (onair_av::capture::Mark) off a video element.
(video) => {
  const [CELLS, ROWS] = [40, 2];
  const { videoWidth: width, videoHeight: height } = video;
  if (!width) return null;
  const canvas = new OffscreenCanvas(width, height);
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  pen.drawImage(video, 0, 0);
  const now = Date.now();
  const rows = Math.max(6, Math.floor(height / 48)) & ~1;
  const strip = pen.getImageData(0, height - ROWS * rows, width, ROWS * rows).data;
  const level = (row, cell) => {
    const left = Math.floor(cell * width / CELLS), right = Math.floor((cell + 1) * width / CELLS);
    let sum = 0, count = 0;
    for (let y = row * rows + (rows >> 2); y < row * rows + Math.ceil(rows * 3 / 4); y++) {
      for (let x = left + ((right - left) >> 2); x < left + Math.ceil((right - left) * 3 / 4); x++) {
        sum += strip[4 * (y * width + x) + 1];
        count++;
      }
    }
    return sum / count;
  };
  const read = (row) => {
    const levels = Array.from({ length: CELLS }, (_, cell) => level(row, cell));
    const white = (levels[0] + levels[2]) / 2, black = (levels[1] + levels[3]) / 2;
    if (white < black + 60) return null;
    const bits = levels.map((value) => value > (white + black) / 2);
    if (!bits[0] || bits[1] || !bits[2] || bits[3]) return null;
    const number = bits.slice(4, 36).reduce((sum, bit) => sum * 2 + bit, 0);
    const turned = (sum) => (sum << 1 | sum >> 3) & 15;
    let sum = 6;
    for (let index = 0; index < 8; index++) sum = turned(sum) ^ (Math.floor(number / 16 ** index) & 15);
    const expected = (row ? ~sum : sum) & 15;
    const claimed = bits.slice(36).reduce((sum, bit) => sum * 2 + bit, 0);
    return claimed === expected ? number : null;
  };
  const [frame, millis] = [read(0), read(1)];
  if (frame === null || millis === null) return null;
  const DAY = 86_400_000;
  let age = now % DAY - millis;
  if (age < -DAY / 2) age += DAY;
  return { frame, latency: age / 1000 };
}
