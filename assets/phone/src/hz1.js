// HZ1, the format of the messages: keys, envelopes and the frames that carry them as text.

import { chacha20poly1305 } from '@noble/ciphers/chacha';
import { blake3 } from '@noble/hashes/blake3';
import { concat, equal, fromBase64, readU32, toBase64, u32 } from './octets.js';

const HEADER = 8;
const NONCE = 12;
const TAG = 16;
const KEY = 41;
const ANSWER = 30;
const ATTENDANCE_KIND = 0x11;
const ANSWER_KIND = 0x12;
const RECORDED = [...'AFTSTC'].map((letter) => letter.charCodeAt(0));
const NOTE_SIZES = [0, 28, 60];

/** The actions of an attendance message. */
export const ACTIONS = { in: 1, out: 2 };
/** The most octets of a note. */
export const NOTE_OCTETS = 60;

function derive(context, material) {
  return blake3(material, { context, dkLen: 32 });
}

/** The keys of a device for both directions. */
export function deriveKeys(root) {
  return {
    up: derive('hazir 2026-11-20 device to desk', root),
    down: derive('hazir 2026-11-20 desk to device', root),
  };
}

/**
 * Reads the text of a key out of whatever stands around it: { device, root, desk, text, octets }, or { fault } which is
 * 'none' or 'damaged'.
 */
export function readKey(text) {
  // A number that is followed by white space ends there; a key that a mail program has folded is tried unfolded.
  const shape = /HZK\.([A-Za-z0-9+/]+)\.(\+[0-9]+)/;
  const found = shape.exec(text) || shape.exec(text.replace(/\s+/g, ''));
  if (!found) return { fault: /HZK\./.test(text) ? 'damaged' : 'none' };
  const [, base64, desk] = found;
  const octets = fromBase64(base64);
  if (!octets || octets.length !== KEY || octets[0] !== 0x10 || !/^\+[1-9][0-9]{6,14}$/.test(desk)) {
    return { fault: 'damaged' };
  }
  const body = octets.subarray(0, 37);
  const device = readU32(body, 1);
  if (device === 0 || !equal(blake3(body).subarray(0, 4), octets.subarray(37))) return { fault: 'damaged' };
  return { device, root: octets.slice(5, 37), desk, text: `HZK.${base64}.${desk}`, octets };
}

/** The four words of a key, of a list of 256. */
export function fourWords(octets, list) {
  return [...derive('hazir 2026-11-26 four words of a key', octets).subarray(0, 4)].map((at) => list[at]);
}

/** The digest that an answer carries of what it answers. */
export function digestOf(envelope) {
  return blake3(envelope).subarray(0, 16);
}

/** Seals octets under a header. */
export function seal(key, header, nonce, plaintext) {
  return concat(header, nonce, chacha20poly1305(key, nonce, header).encrypt(plaintext));
}

/** Opens an envelope; null where its tag is wrong. */
export function open(key, envelope) {
  const nonce = envelope.subarray(HEADER, HEADER + NONCE);
  try {
    return chacha20poly1305(key, nonce, envelope.subarray(0, HEADER)).decrypt(envelope.subarray(HEADER + NONCE));
  } catch {
    return null;
  }
}

/** How many octets a note has. */
export function noteOctets(note) {
  return new TextEncoder().encode(note).length;
}

/** The plaintext of an attendance message, its note padded. */
export function attendance(action, claimed, note) {
  const octets = new TextEncoder().encode(note);
  const padded = new Uint8Array(NOTE_SIZES.find((size) => octets.length <= size));
  padded.set(octets);
  return concat([action], u32(claimed), padded);
}

/** The header of an attendance message. */
export function attendanceHeader(device, counter) {
  return concat([ATTENDANCE_KIND], u32(device), [0, counter >> 8, counter & 0xff]);
}

/** The text that carries an envelope in an SMS. */
export function frameOf(envelope) {
  return `HZ.${toBase64(envelope)}.`;
}

/**
 * The envelopes of all well-formed frames of a text, in order. With `isOpen` the last frame may lack its closing dot,
 * as it does where a program took the dot for the end of a sentence and left it out of a link.
 */
export function framesOf(text, isOpen = false) {
  const envelopes = [];
  for (let from = text.indexOf('HZ.'); from >= 0; from = text.indexOf('HZ.', from + 1)) {
    const body = text.slice(from + 3);
    const end = body.indexOf('.');
    if (end < 0 && !isOpen) break;
    const envelope = fromBase64((end < 0 ? body : body.slice(0, end)).replace(/[ \t\r\n]/g, ''));
    if (envelope && envelope.length >= HEADER + NONCE + TAG) envelopes.push(envelope);
  }
  return envelopes;
}

/** What the header of an envelope says. */
export function readHeader(envelope) {
  const kind = { [ATTENDANCE_KIND]: 'attendance', [ANSWER_KIND]: 'answer' }[envelope[0]] || null;
  return { kind, device: readU32(envelope, 1), epoch: envelope[5], counter: envelope[6] * 256 + envelope[7] };
}

/** Reads the plaintext of an answer; null where it is none. */
export function readAnswer(plaintext) {
  if (plaintext.length !== ANSWER) return null;
  const status = plaintext[20];
  if (!equal(plaintext.subarray(24), status === 0 ? RECORDED : [0, 0, 0, 0, 0, 0])) return null;
  return {
    digest: toBase64(plaintext.subarray(0, 16)),
    deskTime: readU32(plaintext, 16),
    status,
    next: plaintext[21] === 0 ? plaintext[22] * 256 + plaintext[23] : 0,
  };
}
