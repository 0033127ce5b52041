// The page as a peer of a real engine: it takes an order a line and answers each with an object a line.

import { createInterface } from 'node:readline';
import {
  launch,
  paste,
  Phone,
  press,
  readSms,
  reload,
  restore,
  said,
  smsOf,
  state,
  stored,
  textOf,
} from './browser.js';

const browser = await launch();
const phone = await Phone.make(browser);
let page = null;
let backup = null;

const ORDERS = {
  /** Opens the link of a key, and takes it once its words were seen. */
  async enrol({ key }) {
    page = await phone.open(key);
    const words = await page.locator('#confirm-words li').allTextContents();
    const device = await page.textContent('#confirm-device');
    await page.click('#confirm-yes');
    await page.waitForSelector('#desk:not([hidden])');
    return { words, device: Number(device) };
  },
  /** In or out. */
  press: async ({ button }) => ({ text: await press(page, button) }),
  /** The same message once more. */
  async again() {
    const before = await page.evaluate(() => window.sms.length);
    await page.click('#sms');
    return { text: readSms((await smsOf(page, before + 1)).pop()).text };
  },
  paste: async ({ text }) => ({ said: await paste(page, text) }),
  /** Opens the link of an answer in another tab, and goes on there. */
  async follow({ text }) {
    page = await phone.open(text);
    await page.waitForSelector('#said:not(:empty)');
    return { said: await said(page) };
  },
  async backup() {
    backup = await stored(page);
    return {};
  },
  async restore() {
    await restore(page, backup);
    await reload(page);
    await page.waitForSelector('#desk:not([hidden])');
    return {};
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const order = JSON.parse(line);
  const answer = await ORDERS[order.do](order);
  const seen = { state: await state(page), detail: await textOf(page, '#detail') };
  process.stdout.write(`${JSON.stringify({ ...seen, ...answer })}\n`);
}
await phone.close();
await browser.close();
