// Phones, written from the description of the messages alone, on libraries that the desk does not use.

import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { chacha20poly1305 } from '@noble/ciphers/chacha';
import { blake3 } from '@noble/hashes/blake3';

const HEADER = 8;
const NONCE = 12;
const TAG = 16;
const TO_DESK = 'hazir 2026-11-20 device to desk';
const TO_DEVICE = 'hazir 2026-11-20 desk to device';
const OLD_KEY = Buffer.from('a7b2c3d4e5f6g789abcdef0123456789', 'ascii');
const OLD_IV = Buffer.alloc(16);
const ACTIONS = { in: 1, out: 2 };

/** Reads the text of a key: device and root key, where its check octets are right. */
export function readKeyText(text) {
  const parts = /^HZK\.([A-Za-z0-9+/]+)\.(\+\d+)$/.exec(text);
  if (!parts) throw new Error('not the text of a key');
  const octets = Buffer.from(parts[1], 'base64');
  const body = octets.subarray(0, 37);
  const check = Buffer.from(blake3(body)).subarray(0, 4);
  if (octets.length !== 41 || octets[0] !== 0x10 || !check.equals(octets.subarray(37))) {
    throw new Error('the text of a key is damaged');
  }
  return { device: body.readUInt32BE(1), root: Buffer.from(body.subarray(5)), desk: parts[2] };
}

export function deriveKey(root, context) {
  return blake3(root, { context, dkLen: 32 });
}

/** The digest of a message: the first 16 octets of BLAKE3 over its envelope. */
export function digestOf(envelope) {
  return Buffer.from(blake3(envelope)).subarray(0, 16);
}

export function seal(key, header, nonce, plaintext) {
  const sealed = chacha20poly1305(key, nonce, header).encrypt(plaintext);
  return Buffer.concat([header, nonce, Buffer.from(sealed)]);
}

export function open(key, envelope) {
  const header = envelope.subarray(0, HEADER);
  const nonce = envelope.subarray(HEADER, HEADER + NONCE);
  return Buffer.from(
    chacha20poly1305(key, nonce, header).decrypt(envelope.subarray(HEADER + NONCE)),
  );
}

export function frameOf(envelope) {
  return `HZ.${envelope.toString('base64').replace(/=+$/, '')}.`;
}

/** The first well-formed frame of a text, or null. */
export function findFrame(text) {
  for (let from = text.indexOf('HZ.'); from >= 0; from = text.indexOf('HZ.', from + 1)) {
    const body = /^[A-Za-z0-9+/ \t\r\n]*(?=\.)/.exec(text.slice(from + 3));
    if (!body) continue;
    const base64 = body[0].replace(/[ \t\r\n]/g, '');
    const envelope = Buffer.from(base64, 'base64');
    const canonical = envelope.toString('base64').replace(/=+$/, '') === base64;
    if (canonical && envelope.length >= HEADER + NONCE + TAG) return envelope;
  }
  return null;
}

function padded(note) {
  const octets = Buffer.from(note, 'utf8');
  if (octets.length === 0) return octets;
  if (octets.length > 60) throw new Error('the note is too long');
  return Buffer.concat([octets, Buffer.alloc((octets.length > 28 ? 60 : 28) - octets.length)]);
}

/** A phone that seals: it stores counter and envelope, sends, and repeats the same octets until it holds a receipt. */
export class SealedPhone {
  constructor(device, root) {
    this.device = device;
    this.up = deriveKey(root, TO_DESK);
    this.down = deriveKey(root, TO_DEVICE);
    this.next = 1;
    this.waiting = [];
    this.held = [];
    this.refused = [];
  }

  checkIn(action, claimedAt, note = '') {
    return this.#sealNext({ action, claimedAt, note, resealed: 0 });
  }

  #sealNext(what) {
    if (this.next === 0 || this.next > 65535) throw new Error('no counter is left');
    const counter = this.next++;
    const header = Buffer.alloc(HEADER);
    header[0] = 0x11;
    header.writeUInt32BE(this.device, 1);
    header.writeUInt16BE(counter, 6);
    const fixed = Buffer.alloc(5);
    fixed[0] = ACTIONS[what.action];
    fixed.writeUInt32BE(what.claimedAt, 1);
    const plaintext = Buffer.concat([fixed, padded(what.note)]);
    const envelope = seal(this.up, header, randomBytes(NONCE), plaintext);
    const message = {
      ...what,
      counter,
      digest: digestOf(envelope),
      text: frameOf(envelope),
    };
    this.waiting.push(message);
    return message;
  }

  /** Reads what came in: { kind: 'receipt' | 'refusal' | 'again' | 'ignored', ... }. */
  hear(text) {
    const envelope = findFrame(text);
    if (!envelope) return { kind: 'ignored', why: 'no frame' };
    if (envelope[0] !== 0x12) return { kind: 'ignored', why: 'not an answer' };
    if (envelope.readUInt32BE(1) !== this.device) return { kind: 'ignored', why: 'another device' };
    let plaintext;
    try {
      plaintext = open(this.down, envelope);
    } catch {
      return { kind: 'ignored', why: 'wrong tag' };
    }
    if (plaintext.length !== 30) return { kind: 'ignored', why: 'wrong length' };
    const digest = plaintext.subarray(0, 16);
    const status = plaintext[20];
    const mark = plaintext.subarray(24);
    const wanted = status === 0 ? Buffer.from('AFTSTC') : Buffer.alloc(6);
    if (!mark.equals(wanted)) return { kind: 'ignored', why: 'wrong mark' };
    const answers = (message) =>
      message.digest.equals(digest) &&
      envelope[5] === 0 &&
      envelope.readUInt16BE(6) === message.counter;
    const place = this.waiting.findIndex(answers);
    if (place < 0) {
      const known = this.held.some(answers) || this.refused.some(answers);
      return known ? { kind: 'again' } : { kind: 'ignored', why: 'no message of this digest' };
    }
    const [message] = this.waiting.splice(place, 1);
    const answer = { ...message, status, deskTime: plaintext.readUInt32BE(16) };
    if (status === 0) {
      this.held.push(answer);
      return { kind: 'receipt', message: answer };
    }
    this.refused.push(answer);
    const next = plaintext.readUInt16BE(22);
    if (status !== 3 || message.resealed === 2 || next === 0) {
      return { kind: 'refusal', message: answer };
    }
    this.next = next;
    const { action, claimedAt, note, resealed } = message;
    const again = this.#sealNext({ action, claimedAt, note, resealed: resealed + 1 });
    return { kind: 'refusal', message: answer, again };
  }
}

/** What the 2023 app writes: the word, and the phone's own clock in the office's time zone. */
export function oldText(action, claimedAt, timeZone) {
  const parts = Object.fromEntries(
    new Intl.DateTimeFormat('en-US', {
      timeZone,
      weekday: 'short',
      day: 'numeric',
      month: 'short',
      year: 'numeric',
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    })
      .formatToParts(new Date(claimedAt * 1000))
      .map(({ type, value }) => [type, value]),
  );
  const word = action === 'in' ? 'Arrival' : 'Exit';
  const { weekday, day, month, year, hour, minute } = parts;
  return `${word} ${weekday}, ${day} ${month} ${year}, ${hour}:${minute}`;
}

export function oldSeal(plaintext) {
  const cipher = createCipheriv('aes-256-cbc', OLD_KEY, OLD_IV);
  return Buffer.concat([cipher.update(plaintext, 'utf8'), cipher.final()]).toString('base64');
}

/** A phone with the app of 2023: one key for all, and a receipt of 112 characters that it can check. */
export class OldPhone {
  constructor(timeZone) {
    this.timeZone = timeZone;
    this.waiting = [];
    this.held = [];
    this.refused = [];
  }

  checkIn(action, claimedAt) {
    const plaintext = oldText(action, claimedAt, this.timeZone);
    const message = { action, claimedAt, plaintext, text: `$$${oldSeal(plaintext)}\n$$` };
    this.waiting.push(message);
    return message;
  }

  hear(text) {
    // `$` is 0x02 in GSM 03.38, and 0x24 read as GSM 03.38 is the sign of currency: a phone sees one of the three.
    const frame = /[$\u0002\u00a4]{2}([A-Za-z0-9+/=]+)[$\u0002\u00a4]{2}/.exec(text);
    if (!frame) return { kind: 'ignored', why: 'no frame' };
    if (frame[0].length !== 112) return { kind: 'ignored', why: 'not 112 characters' };
    let plaintext;
    try {
      const decipher = createDecipheriv('aes-256-cbc', OLD_KEY, OLD_IV);
      const sealed = Buffer.from(frame[1], 'base64');
      plaintext = Buffer.concat([decipher.update(sealed), decipher.final()]).toString('utf8');
    } catch {
      return { kind: 'ignored', why: 'does not open' };
    }
    const answers = (message) =>
      plaintext === `${createHash('sha256').update(message.plaintext).digest('hex')} | AFTSTC`;
    const place = this.waiting.findIndex(answers);
    if (place < 0) {
      return this.held.some(answers)
        ? { kind: 'again' }
        : { kind: 'ignored', why: 'no message of this digest' };
    }
    const [message] = this.waiting.splice(place, 1);
    this.held.push(message);
    return { kind: 'receipt', message };
  }
}
