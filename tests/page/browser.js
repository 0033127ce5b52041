// Chromium on the built page: what it sends, what it asks for, what it breaks.

import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

export const PAGE = fileURLToPath(new URL('../../assets/phone.html', import.meta.url));
export const FILE = new URL('../../assets/phone.html', import.meta.url).href;
const CHROMIUM = process.env.CHROMIUM || '/usr/bin/chromium';
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
export const PHONE = { viewport: { width: 360, height: 640 }, locale: 'en-GB', timezoneId: 'Asia/Tehran' };

const STORAGE_OPENS_MS = 50;
/** As long as Playwright waits for other things. */
const SAYS_WITHIN_MS = 30_000;

/** A browser. */
export function launch() {
  return chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
}

/** A web server on loopback that has the page, and around it what is given. */
export async function serve(around = '') {
  const asked = [];
  const server = createServer((request, response) => {
    asked.push(request.url);
    const isPage = request.url === '/phone.html';
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', connection: 'close' });
    response.end(isPage ? readFileSync(PAGE) : around);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  // A test that failed left it open.
  server.unref();
  const address = `http://127.0.0.1:${server.address().port}/phone.html`;
  return { address, asked, close: () => new Promise((resolve) => server.close(resolve)) };
}

/** A phone: one storage, with as many tabs as are opened. */
export class Phone {
  static async make(browser, options = {}, address = FILE) {
    const phone = new Phone();
    phone.address = address;
    phone.context = await browser.newContext({ ...PHONE, ...options });
    phone.faults = [];
    // A storage that takes its time, as on a phone: a test that looks too early fails each time, not one time in a hundred.
    await phone.context.addInitScript((delay) => {
      const open = IDBFactory.prototype.open;
      IDBFactory.prototype.open = function (...given) {
        const request = open.apply(this, given);
        request.addEventListener('success', (event) => {
          if (!event.isTrusted) return;
          event.stopImmediatePropagation();
          setTimeout(() => request.dispatchEvent(new Event('success')), delay);
        });
        return request;
      };
    }, STORAGE_OPENS_MS);
    // The SMS app: it takes the link of an anchor at the moment in which it is followed.
    await phone.context.addInitScript(() => {
      window.sms = [];
      addEventListener(
        'click',
        (event) => {
          const link = event.target.closest('a[href^="sms:"]');
          if (!link) return;
          event.preventDefault();
          window.sms.push(link.getAttribute('href'));
        },
        true,
      );
    });
    return phone;
  }

  /** Opens a tab, with a fragment or without. */
  async open(fragment = '') {
    const page = await this.context.newPage();
    page.on('request', (request) => {
      const url = request.url().split('#')[0];
      if (url !== this.address && !url.startsWith('data:image/svg+xml,')) this.faults.push(`request: ${url}`);
    });
    // What the policy of the page refuses is said here, too.
    page.on('console', (message) => {
      if (message.type() === 'error') this.faults.push(message.text());
    });
    page.on('pageerror', (error) => this.faults.push(String(error)));
    await page.goto(this.address + (fragment && `#${fragment}`));
    await ready(page);
    return page;
  }

  /** Opens a tab and enrols by the link of a key. */
  async enrolled(device) {
    const page = await this.open(device.keyText);
    await page.click('#confirm-yes');
    await page.waitForSelector('#desk:not([hidden])');
    return page;
  }

  async close() {
    await this.context.close();
    if (this.faults.length > 0) throw new Error(this.faults.join('\n'));
  }
}

/** Waits until the page has read what it stored and shows something. */
function ready(page) {
  return page.waitForSelector('main > section:not([hidden])');
}

/** Loads the page once more. */
export async function reload(page) {
  await page.reload();
  await ready(page);
}

/** The links that the SMS app got, in order. */
export async function smsOf(page, count = 1) {
  await page.waitForFunction((least) => window.sms.length >= least, count);
  return page.evaluate(() => window.sms);
}

/** Number and text of an `sms:` link. */
export function readSms(link) {
  const [, number, body] = /^sms:(\+\d+)[?&]body=(.*)$/.exec(link);
  return { number, text: decodeURIComponent(body) };
}

/** Presses In or Out: the text that goes to the SMS app. */
export async function press(page, button) {
  const before = await page.evaluate(() => window.sms.length);
  await page.click(`#${button}`);
  const links = await smsOf(page, before + 1);
  return readSms(links[links.length - 1]).text;
}

/** Pastes an answer by hand, and gives what the page says. */
export async function paste(page, text) {
  // Opening the form takes away what was said before. A text that is only wiped out comes back with the page's clock.
  if (await page.isVisible('#answer-form')) await page.click('#answer-cancel');
  await page.click('#paste');
  await page.waitForSelector('#answer-form:not([hidden])');
  await page.fill('#answer', text);
  await page.click('#answer-form button');
  await page.waitForSelector('#said:not(:empty)');
  return said(page);
}

/** Waits until the page says this: what it said before may still stand there. */
export async function says(page, words) {
  const from = Date.now();
  let text = await said(page);
  while (!words.test(text)) {
    if (Date.now() - from > SAYS_WITHIN_MS) throw new Error(`not said within ${SAYS_WITHIN_MS} ms: ${words}, but: ${text}`);
    await page.waitForTimeout(20);
    text = await said(page);
  }
}

/** A text of the page without the marks of direction. */
export async function textOf(page, selector) {
  return (await page.textContent(selector)).replace(/[\u2066-\u2069]/g, '');
}

export const said = (page) => textOf(page, '#said');
export const state = (page) => textOf(page, '#state');

/** Reads what the page has stored. */
export function stored(page) {
  return page.evaluate(
    () =>
      new Promise((resolve, reject) => {
        const opening = indexedDB.open('hazir');
        opening.onsuccess = () => {
          const reading = opening.result.transaction('phone').objectStore('phone').get('state');
          reading.onsuccess = () => {
            opening.result.close();
            resolve(reading.result);
          };
          reading.onerror = () => reject(reading.error);
        };
      }),
  );
}

/** Puts another state into the storage, as a backup that is restored does. */
export function restore(page, row) {
  return page.evaluate(
    (kept) =>
      new Promise((resolve, reject) => {
        const opening = indexedDB.open('hazir');
        opening.onsuccess = () => {
          const transaction = opening.result.transaction('phone', 'readwrite');
          transaction.objectStore('phone').put(kept, 'state');
          transaction.oncomplete = () => {
            opening.result.close();
            resolve();
          };
          transaction.onabort = () => reject(transaction.error);
        };
      }),
    row,
  );
}
