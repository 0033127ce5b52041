// What a phone keeps and decides. Each function changes the state that it is given, which the store then writes as a
// whole or not at all; times are Unix seconds, and `random` gives fresh random octets.

import {
  attendance,
  attendanceHeader,
  deriveKeys,
  digestOf,
  frameOf,
  framesOf,
  open,
  readAnswer,
  readHeader,
  readKey,
  seal,
} from './hz1.js';
import { fromBase64, toBase64 } from './octets.js';

const LAST_COUNTER = 65535;
const MOST_RESEALED = 2;
const MINUTE = 60;
const KEPT = 60 * 24 * 60 * MINUTE;
const REPEAT_AFTER = [3, 10, 30, 120].map((minutes) => minutes * MINUTE);

/** A phone without a key. */
export function blankPhone() {
  return { version: 1, language: '', key: null, former: [], next: 1, messages: [] };
}

/** Whether a key is the one that this phone has. */
export function hasKey(state, key) {
  return state.key !== null && state.key.text === key.text;
}

/**
 * Takes a key. The one before can seal no more, but what was sent with it may still be answered, and should it come back
 * its counters go on.
 */
export function enrol(state, key, words) {
  if (hasKey(state, key)) return;
  if (state.key) {
    const { device, text } = state.key;
    const { down } = deriveKeys(readKey(text).root);
    state.former = state.former.filter((former) => former.device !== device);
    state.former.push({ device, down: toBase64(down), next: state.next });
  }
  const before = state.former.find((former) => former.device === key.device);
  state.former = state.former.filter((former) => former !== before);
  state.next = before ? before.next : 1;
  state.key = { device: key.device, desk: key.desk, text: key.text, words };
}

/** The counter of the next message, or 0 where none is left. No two messages that the phone knows have the same. */
export function nextCounter(state) {
  const mine = state.messages.filter((message) => message.device === state.key.device);
  const used = new Set(mine.map((message) => message.counter));
  let counter = state.next;
  while (used.has(counter)) counter += 1;
  return counter <= LAST_COUNTER ? counter : 0;
}

function sealNext(state, { action, claimed, note, resealed }, now, random) {
  const counter = nextCounter(state);
  if (counter === 0) return null;
  state.next = counter + 1;
  const { device, desk, text } = state.key;
  const { up } = deriveKeys(readKey(text).root);
  const plaintext = attendance(action, claimed, note);
  const envelope = seal(up, attendanceHeader(device, counter), random(12), plaintext);
  const message = {
    device,
    desk,
    counter,
    action,
    claimed,
    note,
    text: frameOf(envelope),
    digest: toBase64(digestOf(envelope)),
    made: now,
    sentAt: now,
    resealed,
    status: null,
    deskTime: null,
    anew: null,
  };
  state.messages.push(message);
  return message;
}

/**
 * In or out: the message to send, or null where the key is used up. The same once more within a minute is the same
 * message, so a second press makes no second check-in.
 */
export function checkIn(state, action, note, now, random) {
  const last = state.messages[state.messages.length - 1];
  const isRepeat =
    last && isWaiting(last) && last.device === state.key.device && last.action === action && last.note === note;
  if (isRepeat && Math.abs(now - last.made) < MINUTE) {
    last.sentAt = now;
    return last;
  }
  return sealNext(state, { action, claimed: now, note, resealed: 0 }, now, random);
}

/** Whether nothing was heard of a message. */
export function isWaiting(message) {
  return message.status === null;
}

/** The message of this digest. */
export function messageOf(state, digest) {
  return state.messages.find((message) => message.digest === digest) || null;
}

/** Notes that a message is sent once more, the same octets. */
export function sendAgain(state, digest, now) {
  const message = messageOf(state, digest);
  if (message) message.sentAt = now;
  return message;
}

/** Whether it is time to send a message again. */
export function isDue(message, now) {
  const due = REPEAT_AFTER.map((after) => message.made + after).filter((at) => at <= now).pop();
  return isWaiting(message) && due !== undefined && message.sentAt < due;
}

function downKey(state, device) {
  if (state.key && state.key.device === device) return deriveKeys(readKey(state.key.text).root).down;
  const former = state.former.find((one) => one.device === device);
  return former ? fromBase64(former.down) : null;
}

function judge(state, envelope, now, random) {
  const header = readHeader(envelope);
  if (header.kind === 'attendance') return { kind: 'own' };
  if (header.kind !== 'answer' || header.epoch !== 0) return { kind: 'changed' };
  const key = downKey(state, header.device);
  if (!key) return { kind: 'other' };
  const plaintext = open(key, envelope);
  const answer = plaintext && readAnswer(plaintext);
  if (!answer) return { kind: 'changed' };
  const message = messageOf(state, answer.digest);
  if (!message || message.device !== header.device || message.counter !== header.counter) return { kind: 'unmatched' };
  return settle(state, message, answer, now, random);
}

function settle(state, message, answer, now, random) {
  // Whatever was said of it before, a receipt says that it counts.
  if (!isWaiting(message) && (answer.status !== 0 || message.status === 0)) return { kind: 'again', message };
  message.status = answer.status;
  message.deskTime = answer.deskTime;
  forget(state, answer.deskTime);
  if (answer.status === 0) return { kind: 'recorded', message };
  if (answer.status !== 3 || message.resealed >= MOST_RESEALED) return { kind: 'refused', message };
  // The counter of a key before this one says nothing about this one's.
  if (message.device === state.key.device) state.next = answer.next || LAST_COUNTER + 1;
  const again = sealNext(state, { ...message, resealed: message.resealed + 1 }, now, random);
  if (!again) return { kind: 'refused', message };
  message.anew = again.digest;
  return { kind: 'anew', message: again };
}

/**
 * Forgets what the desk answered more than 60 days ago, and what was sent before that and never answered. Only the desk's
 * time counts: a phone's clock may be wrong, and take what still waits with it.
 */
function forget(state, deskTime) {
  const isOld = (message) => message.deskTime !== null && message.deskTime <= deskTime - KEPT;
  const lastOld = state.messages.map(isOld).lastIndexOf(true);
  state.messages = state.messages.filter((message, place) => !isOld(message) && !(isWaiting(message) && place < lastOld));
}

/**
 * Reads what came in: { kind, message }. Kinds: 'recorded', 'refused', 'anew' (`message` is what has to be sent now),
 * 'again' (answered before), and without a message 'none', 'own', 'other', 'changed', 'unmatched'.
 */
export function hear(state, text, isFragment, now, random) {
  let first = null;
  for (const envelope of framesOf(text, isFragment)) {
    const heard = judge(state, envelope, now, random);
    if (heard.message) return heard;
    first = first || heard;
  }
  return first || { kind: 'none' };
}

/** The link that opens the SMS app with number and text. iOS wants `&` where RFC 5724 has `?`. */
export function smsLink(message, isApple) {
  return `sms:${message.desk}${isApple ? '&' : '?'}body=${encodeURIComponent(message.text)}`;
}
