// The phones against the vectors: a peer that is wrong itself would judge wrongly.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import {
  OldPhone,
  SealedPhone,
  deriveKey,
  digestOf,
  findFrame,
  frameOf,
  oldSeal,
  oldText,
  open,
  readKeyText,
  seal,
} from './phone.js';

const vectors = JSON.parse(readFileSync(new URL('../vectors/messages.json', import.meta.url)));
const hex = (text) => Buffer.from(text, 'hex');

for (const vector of vectors.hz1) {
  test(`sealed: ${vector.name}`, () => {
    const root = hex(vector.root_key);
    const up = deriveKey(root, 'hazir 2026-11-20 device to desk');
    const down = deriveKey(root, 'hazir 2026-11-20 desk to device');
    assert.equal(Buffer.from(up).toString('hex'), vector.key_device_to_desk);
    assert.equal(Buffer.from(down).toString('hex'), vector.key_desk_to_device);

    const envelope = hex(vector.envelope_up);
    const sealed = seal(up, envelope.subarray(0, 8), hex(vector.nonce_up), hex(vector.plaintext_up));
    assert.equal(sealed.toString('hex'), vector.envelope_up);
    assert.equal(frameOf(sealed), vector.frame_up);
    assert.equal(digestOf(sealed).toString('hex'), vector.digest);

    const key = readKeyText(vector.key_text);
    assert.equal(key.device, vector.device);
    assert.ok(key.root.equals(root));

    const plaintext = open(down, findFrame(`Hi ${vector.frame_down} sent by`));
    assert.equal(plaintext.subarray(0, 16).toString('hex'), vector.digest);
    assert.equal(plaintext.readUInt32BE(16), vector.desk_time);
    assert.equal(plaintext[20], vector.status);
    assert.equal(plaintext.readUInt16BE(22), vector.next_counter);
  });
}

for (const body of vectors.bodies) {
  test(`body: ${body.name}`, () => {
    assert.equal(findFrame(body.text) === null, body.outcome === 'no frame');
  });
}

for (const vector of vectors.legacy) {
  test(`2023: ${vector.plaintext}`, () => {
    assert.equal(`$$${oldSeal(vector.plaintext)}\n$$`, vector.frame_up);
    const phone = new OldPhone('Asia/Tehran');
    phone.waiting.push({ plaintext: vector.plaintext });
    assert.equal(phone.hear(`${vector.frame_down} sent by Ozeki`).kind, 'receipt');
    assert.equal(phone.hear(vector.frame_down).kind, 'again');
    assert.equal(phone.hear(vector.frame_up).kind, 'ignored');
  });
}

test('the words of the 2023 app', () => {
  assert.equal(oldText('in', 1688496120, 'Asia/Tehran'), 'Arrival Tue, 4 Jul 2023, 22:12');
});

const ROOT = Buffer.alloc(32, 9);
function answer(message, { status = 0, mark, next = 2, digest, counter, device = 5 } = {}) {
  const header = Buffer.alloc(8);
  header[0] = 0x12;
  header.writeUInt32BE(device, 1);
  header.writeUInt16BE(counter ?? message.counter, 6);
  const plaintext = Buffer.alloc(30);
  (digest ?? message.digest).copy(plaintext);
  plaintext.writeUInt32BE(1795161604, 16);
  plaintext[20] = status;
  plaintext.writeUInt16BE(next, 22);
  plaintext.write(mark ?? (status === 0 ? 'AFTSTC' : ''), 24);
  const key = deriveKey(ROOT, 'hazir 2026-11-20 desk to device');
  return frameOf(seal(key, header, Buffer.alloc(12, 1), plaintext));
}

test('a phone ignores what is no answer to a message of its own', () => {
  const phone = new SealedPhone(5, ROOT);
  const message = phone.checkIn('in', 1795161600, 'door');
  const lies = [
    { mark: 'aftstc' },
    { status: 1, mark: 'AFTSTC' },
    { digest: Buffer.alloc(16) },
    { counter: 2 },
    { device: 6 },
  ];
  for (const lie of lies) assert.equal(phone.hear(answer(message, lie)).kind, 'ignored');
  assert.equal(phone.hear(message.text).kind, 'ignored');
  assert.equal(phone.waiting.length, 1);
  assert.equal(phone.hear(answer(message)).kind, 'receipt');
  assert.equal(phone.hear(answer(message)).kind, 'again');
  assert.equal(phone.held.length, 1);
});

test('a phone whose counter was used seals anew, twice at most', () => {
  const phone = new SealedPhone(5, ROOT);
  let message = phone.checkIn('out', 1795161600);
  for (const next of [700, 900]) {
    const { again } = phone.hear(answer(message, { status: 3, next }));
    assert.equal(again.counter, next);
    assert.equal(again.claimedAt, 1795161600);
    message = again;
  }
  assert.equal(phone.hear(answer(message, { status: 3, next: 950 })).again, undefined);
  assert.equal(phone.waiting.length, 0);
});
