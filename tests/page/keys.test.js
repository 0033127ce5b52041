// How a key comes into the page and out of it, in Chromium, with a desk that shares nothing with it.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { FILE, paste, press, reload, says, state, stored, textOf } from './browser.js';
import { Device, NUMBER } from './desk.js';
import { follow, pasteKey, scene, section, visible } from './scene.js';

const LIST = readFileSync(new URL('../../assets/words/enrolment.txt', import.meta.url), 'utf8').trim().split('\n');

scene('a link enrols after the four words were compared, and leaves no key in address or history', async (phone, device) => {
  const page = await phone.open(device.keyText);
  await section(page, 'confirm');
  assert.equal(page.url(), FILE);
  assert.equal(await page.evaluate(() => history.length), 2);
  assert.deepEqual(await page.locator('#confirm-words li').allTextContents(), device.words(LIST));
  assert.equal(await page.textContent('#confirm-desk'), NUMBER);
  assert.equal(await page.textContent('#confirm-device'), String(device.device));
  assert.equal((await stored(page)).key, null);
  await page.click('#confirm-yes');
  await section(page, 'desk');
  await says(page, /history of this browser/);
  assert.equal(await state(page), 'Nothing sent yet');
  assert.equal((await stored(page)).key.device, device.device);
  await reload(page);
  await section(page, 'desk');
  assert.equal(await visible(page), 'desk');
});

scene('words that differ leave the key', async (phone, device) => {
  const page = await phone.open();
  await pasteKey(page, `Your key: https://office.example/phone.html#${device.keyText} `);
  await page.click('#confirm-no');
  await section(page, 'enrol');
  await says(page, /not taken/);
  assert.equal((await stored(page)).key, null);
});

scene('a key with a wrong check is damaged, and a text without one is no key', async (phone, device) => {
  const at = 30;
  const other = device.keyText[at] === 'A' ? 'B' : 'A';
  const wrong = device.keyText.slice(0, at) + other + device.keyText.slice(at + 1);
  const page = await phone.open(wrong);
  await says(page, /damaged/);
  await pasteKey(page, 'hello');
  await says(page, /no key in this text/);
  await pasteKey(page, wrong);
  await says(page, /damaged/);
  assert.equal(await visible(page), 'enrol');
});

scene('the same key once more changes nothing, by link and by hand', async (phone, device) => {
  const page = await phone.enrolled(device);
  await press(page, 'in');
  const kept = await stored(page);
  await follow(page, device.keyText);
  await says(page, /already/);
  await page.click('#to-about');
  await page.click('#to-enrol');
  await pasteKey(page, device.keyText);
  assert.equal(await visible(page), 'desk');
  await says(page, /already/);
  assert.deepEqual(await stored(page), kept);
});

scene('another key asks, keeps the messages, and begins anew', async (phone, device) => {
  const page = await phone.enrolled(device);
  const old = await press(page, 'in');
  const second = new Device(device.device + 1000);
  await follow(page, second.keyText);
  await section(page, 'confirm');
  assert.equal(await page.isVisible('#replaces'), true);
  await page.click('#confirm-no');
  assert.equal((await stored(page)).key.device, device.device);
  await follow(page, second.keyText);
  await page.click('#confirm-yes');
  await section(page, 'desk');
  assert.equal(await page.locator('#messages li').count(), 1);
  const sent = second.open(await press(page, 'out'));
  assert.equal(sent.counter, 1);
  assert.match(await paste(page, device.answer(old)), /^Right/);
  assert.equal((await stored(page)).key.text, second.keyText);
});

scene('a key that another tab took in the meantime is not replaced without a question', async (phone, device) => {
  const page = await phone.open(device.keyText);
  const second = new Device(device.device + 1000);
  const other = await phone.enrolled(second);
  assert.equal(await page.isVisible('#replaces'), false);
  await page.click('#confirm-yes');
  await page.waitForSelector('#replaces:not([hidden])');
  assert.equal((await stored(page)).key.device, second.device);
  await page.click('#confirm-yes');
  await section(page, 'desk');
  assert.equal((await stored(other)).key.device, device.device);
});

scene('who looks for another key comes back to where it is put in', async (phone, device) => {
  const page = await phone.enrolled(device);
  await page.click('#to-about');
  await page.click('#to-enrol');
  assert.equal(await textOf(page, '#enrol-head'), 'Use another key');
  await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
  await stored(page);
  assert.equal(await visible(page), 'enrol');
  await page.click('#key-cancel');
  assert.equal(await visible(page), 'desk');
});

scene('a storage that was cleared has no key, and the same link enrols again', async (phone, device) => {
  const page = await phone.enrolled(device);
  const before = device.open(await press(page, 'in'));
  await page.evaluate(
    () =>
      new Promise((resolve) => {
        indexedDB.deleteDatabase('hazir').onsuccess = resolve;
      }),
  );
  await page.click('#in');
  await section(page, 'enrol');
  await page.goto('about:blank');
  const again = await phone.enrolled(device);
  const text = await press(again, 'in');
  assert.equal(device.open(text).counter, 1);
  assert.notEqual(device.open(text).nonce, before.nonce);
  assert.match(await paste(again, device.answer(text, { status: 3, next: 2 })), /One more SMS/);
});

scene('the key is removed after a question, with all messages', async (phone, device) => {
  const page = await phone.enrolled(device);
  await press(page, 'in');
  await page.click('#to-about');
  assert.equal(await page.textContent('#about-words'), device.words(LIST).join(' '));
  assert.equal(await page.textContent('#about-desk'), NUMBER);
  await page.click('#remove');
  assert.match(await textOf(page, '#remove-ask'), /without an answer: 1/);
  await page.click('#remove-no');
  assert.equal((await stored(page)).key.text, device.keyText);
  await page.click('#remove');
  await page.click('#remove-yes');
  await section(page, 'enrol');
  const kept = await stored(page);
  assert.deepEqual([kept.key, kept.former, kept.messages], [null, [], []]);
});

scene('a camera that sees the key enrols, and one that is refused says so', async (phone, device) => {
  await phone.context.addInitScript((text) => {
    window.BarcodeDetector = class {
      static async getSupportedFormats() {
        return ['qr_code'];
      }
      async detect() {
        window.looks = (window.looks || 0) + 1;
        return window.looks < 3 ? [] : [{ rawValue: `https://office.example/phone.html#${text}` }];
      }
    };
    navigator.mediaDevices.getUserMedia = async () => {
      if (!window.isAllowed) throw new DOMException('no', 'NotAllowedError');
      window.stream = document.createElement('canvas').captureStream();
      return window.stream;
    };
  }, device.keyText);
  const page = await phone.open();
  await page.click('#scan');
  await says(page, /camera cannot be used/);
  await page.evaluate(() => {
    window.isAllowed = true;
    const canvas = document.createElement('canvas');
    const draw = () => canvas.getContext('2d').fillRect(0, 0, Math.random() * 9, 9);
    setInterval(draw, 50);
    const stream = canvas.captureStream(20);
    navigator.mediaDevices.getUserMedia = async () => {
      window.stream = stream;
      return stream;
    };
  });
  await page.click('#scan');
  await section(page, 'confirm');
  await page.waitForFunction(() => window.stream.getTracks().every((track) => track.readyState === 'ended'));
});

scene('without a way to scan there is no button for it', async (phone) => {
  await phone.context.addInitScript(() => {
    delete window.BarcodeDetector;
  });
  const page = await phone.open();
  assert.equal(await page.isVisible('#scan'), false);
});

for (const [what, take, words] of [
  ['secure random numbers', () => Object.defineProperty(window, 'crypto', { value: {} }), /crypto\.getRandomValues/],
  ['a storage', () => Object.defineProperty(window, 'indexedDB', { value: undefined }), /store nothing/],
]) {
  scene(`a browser without ${what} is told so`, async (phone, device) => {
    await phone.context.addInitScript(take);
    const page = await phone.open(device.keyText);
    assert.equal(await visible(page), 'unable');
    assert.match(await textOf(page, '#unable-why'), words);
  });
}
