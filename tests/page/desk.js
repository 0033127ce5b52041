// A desk in a few lines, written from the description of the messages alone, on libraries that the page does not use.

import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { deriveKey, hash } from 'blake3-wasm';

export const NUMBER = '+989102211824';
const TO_DESK = 'hazir 2026-11-20 device to desk';
const TO_DEVICE = 'hazir 2026-11-20 desk to device';
const WORDS = 'hazir 2026-11-26 four words of a key';

const digestOf = (octets, length) => Buffer.from(hash(octets)).subarray(0, length);
export const derive = (context, material) => Buffer.from(deriveKey(context, material));
export const frameOf = (envelope) => `HZ.${envelope.toString('base64').replace(/=+$/, '')}.`;

/** The envelope of a frame that nothing stands around. */
export function envelopeOf(frame) {
  if (!/^HZ\.[A-Za-z0-9+/]+\.$/.test(frame)) throw new Error(`no frame: ${frame}`);
  return Buffer.from(frame.slice(3, -1), 'base64');
}

export function sealWith(key, header, nonce, plaintext) {
  const cipher = createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: 16 });
  cipher.setAAD(header, { plaintextLength: plaintext.length });
  return Buffer.concat([header, nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
}

function openWith(key, envelope) {
  const decipher = createDecipheriv('chacha20-poly1305', key, envelope.subarray(8, 20), { authTagLength: 16 });
  const sealed = envelope.subarray(20, -16);
  decipher.setAAD(envelope.subarray(0, 8), { plaintextLength: sealed.length });
  decipher.setAuthTag(envelope.subarray(-16));
  return Buffer.concat([decipher.update(sealed), decipher.final()]);
}

/** The key of a device, and what the desk does with it. */
export class Device {
  constructor(device, root = randomBytes(32)) {
    const body = Buffer.alloc(5);
    body[0] = 0x10;
    body.writeUInt32BE(device, 1);
    const checked = Buffer.concat([body, root]);
    this.device = device;
    this.octets = Buffer.concat([checked, digestOf(checked, 4)]);
    this.keyText = `HZK.${this.octets.toString('base64').replace(/=+$/, '')}.${NUMBER}`;
    this.up = derive(TO_DESK, root);
    this.down = derive(TO_DEVICE, root);
  }

  /** The four words of this key out of a list of 256. */
  words(list) {
    return [...derive(WORDS, this.octets).subarray(0, 4)].map((at) => list[at]);
  }

  /** Opens a check-in. */
  open(frame) {
    const envelope = envelopeOf(frame);
    if (envelope[0] !== 0x11 || envelope.readUInt32BE(1) !== this.device || envelope[5] !== 0) {
      throw new Error('another header');
    }
    const plaintext = openWith(this.up, envelope);
    return {
      envelope,
      counter: envelope.readUInt16BE(6),
      nonce: envelope.subarray(8, 20).toString('hex'),
      action: plaintext[0],
      claimed: plaintext.readUInt32BE(1),
      noteOctets: plaintext.length - 5,
      note: plaintext.subarray(5).toString('utf8').replace(/\0+$/, ''),
    };
  }

  /** The answer to a check-in, as the text of an SMS. */
  answer(frame, { status = 0, time = Math.floor(Date.now() / 1000), next = 0, ...odd } = {}) {
    const envelope = envelopeOf(frame);
    const header = Buffer.from(envelope.subarray(0, 8));
    header[0] = odd.kind ?? 0x12;
    header.writeUInt32BE(this.device, 1);
    const plaintext = Buffer.alloc(30);
    (odd.digest ?? digestOf(envelope, 16)).copy(plaintext);
    plaintext.writeUInt32BE(time, 16);
    plaintext[20] = status;
    plaintext.writeUInt16BE(next, 22);
    if (status === 0) plaintext.write(odd.mark ?? 'AFTSTC', 24, 'latin1');
    return frameOf(sealWith(this.down, header, randomBytes(12), plaintext));
  }
}
