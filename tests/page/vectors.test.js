// The vectors of the messages in the built page: time, chance and storage are set, the rest is what a phone does.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test, { after, before } from 'node:test';
import { launch, paste, Phone, press, readSms, reload, restore, said, state, stored } from './browser.js';

const { hz1 } = JSON.parse(readFileSync(new URL('../vectors/messages.json', import.meta.url), 'utf8'));
const OTHER_FRAME = 'HZ.EQAAAAcAAAFPdF1zdyyX1XVXB5ugU9d0rGflyLHG6WZ4h7dks6J/.';
const SAYS = [/^Right/, /did not record/, /did not record/, /One more SMS/, /did not record/];
let browser;

before(async () => {
  browser = await launch();
});
after(() => browser.close());

/** A message of this vector, as the page would have stored it. */
function messageOf(vector) {
  return {
    device: vector.device,
    desk: '+989102211824',
    counter: vector.counter,
    action: vector.action,
    claimed: vector.claimed_at,
    note: vector.note,
    text: vector.frame_up,
    digest: Buffer.from(vector.digest, 'hex').toString('base64').replace(/=+$/, ''),
    made: vector.claimed_at,
    sentAt: vector.claimed_at,
    resealed: 0,
    status: null,
    deskTime: null,
    anew: null,
  };
}

// What no phone of this kind sends: another action, and a note that is not padded.
const isOurs = (vector) => [1, 2].includes(vector.action) && [5, 33, 65].includes(vector.plaintext_up.length / 2);

test('most vectors are what this page would send', () => {
  assert.ok(hz1.filter(isOurs).length >= 8);
});

for (const vector of hz1) {
  test(`vector: ${vector.name}`, async () => {
    const phone = await Phone.make(browser);
    await phone.context.addInitScript(({ time, nonce }) => {
      Date.now = () => time * 1000;
      crypto.getRandomValues = (octets) => {
        if (octets.length !== 12) throw new Error('a nonce has 12 octets');
        octets.set(nonce);
        return octets;
      };
    }, { time: vector.claimed_at, nonce: [...Buffer.from(vector.nonce_up, 'hex')] });
    const page = await phone.open(vector.key_text);
    await page.click('#confirm-yes');
    await page.waitForSelector('#desk:not([hidden])');
    const kept = await stored(page);
    assert.equal(kept.key.device, vector.device);
    if (isOurs(vector)) {
      await restore(page, { ...kept, next: vector.counter });
      await page.evaluate((note) => {
        document.getElementById('note').value = note;
      }, vector.note);
      assert.equal(await press(page, vector.action === 1 ? 'in' : 'out'), vector.frame_up);
      assert.deepEqual((await stored(page)).messages, [messageOf(vector)]);
    } else {
      await restore(page, { ...kept, next: vector.counter + 1, messages: [messageOf(vector)] });
      await reload(page);
      await page.waitForSelector('#paste:not([hidden])');
    }
    assert.match(await paste(page, OTHER_FRAME), /that a phone sent/);
    assert.match(await paste(page, `Office: ${vector.frame_down} bye`), SAYS[vector.status]);
    const { messages, next } = await stored(page);
    assert.equal(messages[0].status, vector.status);
    assert.equal(messages[0].deskTime, vector.desk_time);
    if (vector.status === 0) assert.match(await state(page), /recorded/);
    if (vector.status === 3) {
      assert.equal(messages[1].counter, vector.next_counter);
      assert.equal(next, vector.next_counter + 1);
      assert.equal(readSms(await page.getAttribute('#sms', 'href')).text, messages[1].text);
    }
    assert.ok(await said(page));
    await phone.close();
  });
}
