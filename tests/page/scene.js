// What the tests of the built page have in common.

import test, { after, before } from 'node:test';
import { launch, Phone } from './browser.js';
import { Device } from './desk.js';

/** The browser of a file of tests. */
export const shared = { browser: null };
let devices = 100;

before(async () => {
  shared.browser = await launch();
});
after(() => shared.browser.close());

/** A test with a phone of its own; it fails on any request, any breach of the policy and any error of the page, too. */
export function scene(name, act, options, address) {
  test(name, async () => {
    const phone = await Phone.make(shared.browser, options, address);
    devices += 1;
    await act(phone, new Device(devices));
    await phone.close();
  });
}

export const visible = (page) => page.evaluate(() => document.querySelector('main > section:not([hidden])').id);
export const section = (page, name) => page.waitForSelector(`#${name}:not([hidden])`);
export const clock = (seconds) => new Intl.DateTimeFormat('en-GB', { timeZone: 'Asia/Tehran', hour: '2-digit', minute: '2-digit' }).format(seconds * 1000);

export async function pasteKey(page, text) {
  await page.fill('#key', text);
  await page.click('#key-form button');
}

/** Opens a link while the page is open, as a tab that is there already does. */
export async function follow(page, fragment) {
  await page.evaluate((text) => {
    location.hash = text;
  }, fragment);
}
