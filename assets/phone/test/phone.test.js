// What a phone keeps and decides.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import test from 'node:test';
import { attendanceHeader, deriveKeys, digestOf, frameOf, framesOf, open, readHeader, readKey, seal } from '../src/hz1.js';
import { concat, toBase64, u32 } from '../src/octets.js';
import { blake3 } from '@noble/hashes/blake3';
import {
  blankPhone,
  checkIn,
  enrol,
  hasKey,
  hear,
  isDue,
  isWaiting,
  nextCounter,
  sendAgain,
  smsLink,
} from '../src/phone.js';

const NOW = 1_795_161_600;
const DAY = 86_400;
const random = (count) => new Uint8Array(randomBytes(count));
const WORDS = ['acorn', 'zebra', 'tulip', 'river'];

function keyOf(device) {
  const body = concat([0x10], u32(device), random(32));
  const text = `HZK.${toBase64(concat(body, blake3(body).subarray(0, 4)))}.+989102211824`;
  return readKey(text);
}

function answer(key, message, { status = 0, time = NOW + 4, next = 0, device = key.device } = {}) {
  const header = attendanceHeader(device, message.counter);
  header[0] = 0x12;
  const digest = digestOf(framesOf(message.text)[0]);
  const mark = status === 0 ? [...'AFTSTC'].map((letter) => letter.charCodeAt(0)) : [0, 0, 0, 0, 0, 0];
  const plaintext = concat(digest, u32(time), [status, 0, next >> 8, next & 255], mark);
  return frameOf(seal(deriveKeys(key.root).down, header, random(12), plaintext));
}

function phone(device = 7) {
  const state = blankPhone();
  const key = keyOf(device);
  enrol(state, key, WORDS);
  return { state, key };
}

const press = (state, action, at = NOW, note = '') => checkIn(state, action, note, at, random);

test('counters rise, nonces are fresh, and the octets are what is said', () => {
  const { state, key } = phone();
  const seen = new Set();
  for (let nth = 1; nth <= 20; nth += 1) {
    const message = press(state, 1 + (nth % 2), NOW + nth * 100, 'at the door');
    assert.equal(message.counter, nth);
    const [envelope] = framesOf(message.text);
    assert.deepEqual(readHeader(envelope), { kind: 'attendance', device: 7, epoch: 0, counter: nth });
    seen.add(toBase64(envelope.subarray(8, 20)));
    const plaintext = open(deriveKeys(key.root).up, envelope);
    assert.equal(plaintext.length, 5 + 28);
    assert.equal(plaintext[0], 1 + (nth % 2));
  }
  assert.equal(seen.size, 20);
});

test('a second press within a minute is the same message', () => {
  const { state } = phone();
  const first = press(state, 1);
  assert.equal(press(state, 1, NOW + 59), first);
  assert.notEqual(press(state, 1, NOW + 59, 'note'), first);
  assert.notEqual(press(state, 2, NOW + 59), first);
  assert.equal(state.messages.length, 3);
  const again = press(state, 2, NOW + 59 + 60);
  assert.equal(again.counter, 4);
});

test('a receipt settles its message and says so again', () => {
  const { state, key } = phone();
  const message = press(state, 1);
  const text = answer(key, message);
  assert.deepEqual(hear(state, `Your office: ${text} bye`, false, NOW, random), { kind: 'recorded', message });
  assert.equal(message.deskTime, NOW + 4);
  assert.equal(hear(state, text, false, NOW, random).kind, 'again');
  assert.equal(message.status, 0);
});

test('what is no answer to this phone changes nothing', () => {
  const { state, key } = phone();
  const message = press(state, 1);
  const right = answer(key, message);
  const [envelope] = framesOf(right);
  const kinds = {
    'hello HZ.': 'none',
    [message.text]: 'own',
    [answer(keyOf(8), message, { device: 8 })]: 'other',
    [answer(keyOf(7), message)]: 'changed',
    [answer(key, { ...message, counter: 2 })]: 'unmatched',
    [answer(key, press(phone().state, 1))]: 'unmatched',
  };
  for (let at = 0; at < envelope.length; at += 1) {
    const changed = Uint8Array.from(envelope);
    changed[at] ^= 0x80;
    kinds[frameOf(changed)] = at > 0 && at < 5 ? 'other' : 'changed';
  }
  const before = structuredClone(state);
  for (const [text, kind] of Object.entries(kinds)) {
    assert.deepEqual(hear(state, text, false, NOW, random), { kind }, text);
  }
  assert.deepEqual(state, before);
  // A whole conversation is pasted: what was sent stands before what came.
  assert.equal(hear(state, `${message.text}\n${right}`, false, NOW, random).kind, 'recorded');
});

test('status 3 goes on from next, with the same action, time and note, and at most twice', () => {
  const { state, key } = phone();
  const first = press(state, 2, NOW, 'late bus');
  const heard = hear(state, answer(key, first, { status: 3, next: 40 }), false, NOW + 300, random);
  assert.equal(heard.kind, 'anew');
  const second = heard.message;
  assert.deepEqual(
    [second.counter, second.action, second.claimed, second.note, second.resealed],
    [40, 2, NOW, 'late bus', 1],
  );
  assert.equal(first.anew, second.digest);
  assert.equal(isWaiting(first), false);
  const third = hear(state, answer(key, second, { status: 3, next: 90 }), false, NOW, random).message;
  assert.deepEqual([third.counter, third.resealed], [90, 2]);
  const last = hear(state, answer(key, third, { status: 3, next: 120 }), false, NOW, random);
  assert.deepEqual(last, { kind: 'refused', message: third });
  assert.equal(third.anew, null);
  assert.equal(state.messages.length, 3);
});

test('two messages that are sealed anew for the same next get two counters', () => {
  const { state, key } = phone();
  const one = press(state, 1);
  const two = press(state, 2, NOW + 100);
  const anew = [one, two].map((m) => hear(state, answer(key, m, { status: 3, next: 30 }), false, NOW, random).message);
  assert.deepEqual(anew.map((message) => message.counter), [30, 31]);
  assert.equal(press(state, 1, NOW + 900).counter, 32);
});

test('a counter that has to go back passes by what was used', () => {
  const { state, key } = phone();
  state.next = 2000;
  const far = press(state, 1);
  assert.equal(far.counter, 2000);
  assert.equal(hear(state, answer(key, far, { status: 3, next: 1999 }), false, NOW, random).message.counter, 1999);
  assert.equal(press(state, 2, NOW + 500).counter, 2001);
});

test('refusals stay, and a receipt that comes after one counts', () => {
  const { state, key } = phone();
  for (const status of [1, 2, 4, 9]) {
    const message = press(state, 1, NOW + status * 100);
    assert.deepEqual(hear(state, answer(key, message, { status }), false, NOW, random), { kind: 'refused', message });
    assert.equal(message.status, status);
    assert.equal(hear(state, answer(key, message, { status }), false, NOW, random).kind, 'again');
    assert.equal(hear(state, answer(key, message), false, NOW, random).kind, 'recorded');
    assert.equal(hear(state, answer(key, message, { status }), false, NOW, random).kind, 'again');
    assert.equal(message.status, 0);
  }
});

test('the last counter is used once, then the key is used up', () => {
  const { state, key } = phone();
  state.next = 65_535;
  const last = press(state, 1);
  assert.equal(last.counter, 65_535);
  assert.equal(nextCounter(state), 0);
  assert.equal(press(state, 2, NOW + 100), null);
  const heard = hear(state, answer(key, last, { status: 3, next: 0 }), false, NOW, random);
  assert.equal(heard.kind, 'refused');
  assert.equal(nextCounter(state), 0);
});

test('the same key again changes nothing, another one starts anew, and the one before goes on when it comes back', () => {
  const { state, key } = phone();
  const old = press(state, 1);
  const before = structuredClone(state);
  assert.equal(hasKey(state, key), true);
  enrol(state, key, WORDS);
  assert.deepEqual(state, before);

  const second = keyOf(8);
  enrol(state, second, WORDS);
  assert.equal(state.next, 1);
  assert.deepEqual(state.messages, before.messages);
  assert.ok(!JSON.stringify(state).includes(toBase64(key.root)), 'the root key before is gone');
  assert.equal(press(state, 1, NOW + 1).device, 8);
  const heard = hear(state, answer(key, old, { status: 3, next: 500 }), false, NOW, random);
  assert.deepEqual([heard.kind, heard.message.device, heard.message.counter], ['anew', 8, 2]);
  enrol(state, key, WORDS);
  assert.equal(state.next, 2);
});

test('a receipt to the key before is heard', () => {
  const { state, key } = phone();
  const old = press(state, 1);
  enrol(state, keyOf(8), WORDS);
  assert.equal(hear(state, answer(key, old), false, NOW, random).kind, 'recorded');
});

test('what the desk answered 60 days ago is forgotten, whatever the clock of the phone says', () => {
  const { state, key } = phone();
  const say = (message, time) => hear(state, answer(key, message, { time }), false, NOW, random).message;
  const unanswered = press(state, 1, NOW - 70 * DAY);
  const old = say(press(state, 2, NOW - 61 * DAY), NOW - 61 * DAY);
  const young = say(press(state, 1, NOW - 59 * DAY), NOW - 59 * DAY);
  const ofNoTime = press(state, 2, 3600);
  const ofLater = press(state, 1, NOW + 4000 * DAY);
  assert.equal(state.messages.length, 5);
  assert.equal(say(ofLater, NOW), ofLater);
  assert.deepEqual(state.messages, [young, ofNoTime, ofLater]);
  assert.ok(!state.messages.includes(unanswered) && !state.messages.includes(old));
  const heard = hear(state, answer(key, ofNoTime, { status: 2, time: NOW }), false, NOW, random);
  assert.deepEqual(heard, { kind: 'refused', message: ofNoTime });
  assert.ok(state.messages.includes(ofNoTime));
});

test('reminders come after 3, 10, 30 and 120 minutes, and then no more', () => {
  const { state } = phone();
  const message = press(state, 1);
  const due = (minutes) => isDue(message, NOW + minutes * 60);
  assert.deepEqual([2, 3, 9].map(due), [false, true, true]);
  for (const [sent, next] of [[3, 10], [10, 30], [31, 120]]) {
    sendAgain(state, message.digest, NOW + sent * 60);
    assert.deepEqual([due(next - 1), due(next)], [false, true]);
  }
  sendAgain(state, message.digest, NOW + 120 * 60);
  assert.equal(due(10_000), false);
});

test('the link has number and text as either kind of phone wants them', () => {
  const { state } = phone();
  const message = press(state, 1);
  const body = encodeURIComponent(message.text);
  assert.equal(smsLink(message, false), `sms:+989102211824?body=${body}`);
  assert.equal(smsLink(message, true), `sms:+989102211824&body=${body}`);
  assert.doesNotMatch(body, /[+/?&# ]/);
});
