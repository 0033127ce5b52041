// Reads a QR code with the camera, where the browser can.

const EVERY_MS = 200;

/** Whether this browser can. */
export async function canScan() {
  try {
    if (!navigator.mediaDevices || !('BarcodeDetector' in window)) return false;
    return (await BarcodeDetector.getSupportedFormats()).includes('qr_code');
  } catch {
    return false;
  }
}

/**
 * Shows the camera in `video` and calls `found` with the text of each code until it returns true. Resolves to what stops
 * it; rejects where there is no camera or no leave to use it.
 */
export async function scan(video, found) {
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' } });
  const detector = new BarcodeDetector({ formats: ['qr_code'] });
  let timer = 0;
  const stop = () => {
    clearTimeout(timer);
    timer = -1;
    for (const track of stream.getTracks()) track.stop();
    video.srcObject = null;
  };
  const look = async () => {
    // A frame that cannot be read is followed by another.
    const codes = await detector.detect(video).catch(() => []);
    if (timer === -1) return;
    if (codes.some((code) => found(code.rawValue))) stop();
    else timer = setTimeout(look, EVERY_MS);
  };
  video.srcObject = stream;
  await video.play();
  look();
  return stop;
}
