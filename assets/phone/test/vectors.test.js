// The vectors that concern a phone.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { chacha20poly1305 } from '@noble/ciphers/chacha';
import { blake3 } from '@noble/hashes/blake3';
import {
  attendance,
  attendanceHeader,
  deriveKeys,
  digestOf,
  fourWords,
  frameOf,
  framesOf,
  open,
  readAnswer,
  readKey,
  seal,
} from '../src/hz1.js';
import { toBase64 } from '../src/octets.js';

const read = (name) => JSON.parse(readFileSync(new URL(`../../../tests/vectors/${name}`, import.meta.url), 'utf8'));
const hex = (octets) => Buffer.from(octets).toString('hex');
const unhex = (text) => new Uint8Array(Buffer.from(text, 'hex'));
const messages = read('messages.json');
const padded = (octets) => [0, 28, 60].includes(octets);

for (const vector of messages.hz1) {
  test(`message: ${vector.name}`, () => {
    const key = readKey(vector.key_text);
    assert.equal(key.device, vector.device);
    assert.equal(hex(key.root), vector.root_key);
    const { up, down } = deriveKeys(key.root);
    assert.equal(hex(up), vector.key_device_to_desk);
    assert.equal(hex(down), vector.key_desk_to_device);

    const plaintext = unhex(vector.plaintext_up);
    if (padded(plaintext.length - 5)) {
      assert.equal(hex(attendance(vector.action, vector.claimed_at, vector.note)), vector.plaintext_up);
    }
    const header = attendanceHeader(vector.device, vector.counter);
    const envelope = seal(up, header, unhex(vector.nonce_up), plaintext);
    assert.equal(hex(envelope), vector.envelope_up);
    assert.equal(frameOf(envelope), vector.frame_up);
    assert.equal(hex(digestOf(envelope)), vector.digest);

    const [answer] = framesOf(vector.frame_down);
    assert.equal(hex(answer), vector.envelope_down);
    assert.deepEqual(readAnswer(open(down, answer)), {
      digest: toBase64(unhex(vector.digest)),
      deskTime: vector.desk_time,
      status: vector.status,
      next: vector.next_counter,
    });
    for (let at = 0; at < answer.length; at += 1) {
      const changed = Uint8Array.from(answer);
      changed[at] ^= 1;
      assert.equal(open(down, changed), null, `octet ${at}`);
    }
  });
}

test('vectors with a padded note are among them', () => {
  assert.ok(messages.hz1.some((vector) => vector.plaintext_up.length / 2 === 33));
});

// What the desk makes of a body, as far as reading and opening go; the rest of it is no phone's.
const READS = {
  opens: 'opens',
  replay: 'opens',
  'not understood': 'opens',
  'no frame': 'no frame',
  'wrong tag': 'wrong tag',
  'unknown device': 'wrong tag',
  unreadable: 'wrong tag',
};

for (const body of messages.bodies) {
  test(`body: ${body.name}`, () => {
    const { up } = deriveKeys(readKey(messages.hz1[0].key_text).root);
    const [envelope] = framesOf(body.text);
    const opened = envelope && open(up, envelope);
    assert.equal(!envelope ? 'no frame' : opened ? 'opens' : 'wrong tag', READS[body.outcome]);
  });
}

test('ChaCha20-Poly1305 agrees with Wycheproof', () => {
  const { tests } = read('chacha20_poly1305.json');
  assert.ok(tests.length > 300);
  for (const one of tests) {
    const sealed = unhex(one.ct + one.tag);
    let opened = null;
    try {
      opened = hex(chacha20poly1305(unhex(one.key), unhex(one.iv), unhex(one.aad)).decrypt(sealed));
    } catch {
      // What is not valid is refused.
    }
    assert.equal(opened, one.result === 'valid' ? one.msg : null, `test ${one.tcId}`);
  }
});

test('BLAKE3 agrees with its vectors', () => {
  const { cases, context_string: context } = read('blake3.json');
  assert.ok(cases.length > 20);
  for (const one of cases) {
    const input = Uint8Array.from({ length: one.input_len }, (_, at) => at % 251);
    assert.equal(hex(blake3(input)), one.hash.slice(0, 64));
    assert.equal(hex(blake3(input, { context })), one.derive_key.slice(0, 64));
  }
});

test('a key has the four words that its octets name', () => {
  const list = readFileSync(new URL('../../words/enrolment.txt', import.meta.url), 'utf8').trim().split('\n');
  const { octets } = readKey(messages.hz1[0].key_text);
  const places = blake3(octets, { context: 'hazir 2026-11-26 four words of a key' }).subarray(0, 4);
  assert.equal(octets.length, 41);
  assert.deepEqual(fourWords(octets, list), [...places].map((place) => list[place]));
  // Computed by another implementation.
  assert.deepEqual(fourWords(octets, list), ['zigzag', 'turtle', 'lamp', 'bottle']);
});

test('the words are 256, sorted, short, and told apart by three letters', () => {
  const text = readFileSync(new URL('../../words/enrolment.txt', import.meta.url), 'utf8');
  const list = text.trim().split('\n');
  assert.equal(text, `${[...list].sort().join('\n')}\n`);
  assert.equal(list.length, 256);
  for (const word of list) assert.match(word, /^[a-z]{3,7}$/);
  assert.equal(new Set(list.map((word) => word.slice(0, 3))).size, 256);
});

test('a key is read out of what stands around it, and a damaged one is none', () => {
  const { key_text: text, device } = messages.hz1[0];
  const around = [text, `https://office.example/phone.html#${text}`, ` ${text}\nSee you`, text.replace('z', 'z\n '), `${text}.`];
  for (const one of around) assert.equal(readKey(one).device, device, one);
  for (let at = 4; at < 59; at += 1) {
    const other = text[at] === 'A' ? 'B' : 'A';
    assert.equal(readKey(text.slice(0, at) + other + text.slice(at + 1)).fault, 'damaged', `letter ${at}`);
  }
  for (const one of [text.slice(0, 60), text.replace('+98', '98'), text.replace('+98', '+08')]) {
    assert.equal(readKey(one).fault, 'damaged', one);
  }
  for (const one of ['', 'HZ.abc.', 'hello']) assert.equal(readKey(one).fault, 'none', one);
});

test('only the last dot may lack, and only where it is allowed', () => {
  const frame = messages.hz1[0].frame_down;
  const bare = frame.slice(0, -1);
  assert.equal(framesOf(bare).length, 0);
  assert.equal(framesOf(bare, true).length, 1);
  assert.equal(framesOf(frame, true).length, 1);
  assert.equal(framesOf(`${bare} and more`, true).length, 0);
  assert.equal(framesOf(`${bare} ${frame}`, false).length, 1);
  assert.equal(framesOf(`${frame}${frame}`).length, 2);
});
