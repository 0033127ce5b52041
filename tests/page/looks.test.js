// How the page looks and reads: in every state, in both colour schemes and all languages.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import test, { after, before } from 'node:test';
import { launch, paste, Phone, PHONE, press, reload, restore, stored } from './browser.js';
import { Device } from './desk.js';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const LOCALES = ['en-GB', 'fa-IR', 'tr-TR', 'fr-FR', 'pl-PL'];
let browser;

before(async () => {
  browser = await launch();
});
after(() => browser.close());

/** Takes a page through all of its states, and calls `look` in each. */
async function states(phone, device, look) {
  const page = await phone.open();
  await look(page, 'no key');
  await page.fill('#key', 'hello');
  await page.click('#key-form button');
  await look(page, 'no key in the text');
  await page.fill('#key', device.keyText);
  await page.click('#key-form button');
  await look(page, 'four words');
  await page.click('#confirm-yes');
  await page.waitForSelector('#desk:not([hidden])');
  await look(page, 'nothing sent');
  await page.click('#more summary');
  await page.fill('#note', 'x'.repeat(61));
  await look(page, 'a note that is too long');
  await page.fill('#note', 'at the door');
  const text = await press(page, 'in');
  await look(page, 'waiting');
  await page.click('#paste');
  await page.waitForSelector('#answer-form:not([hidden])');
  await look(page, 'a place for the answer');
  await paste(page, device.answer(text).replace('.E', '.F'));
  await look(page, 'an answer that is not right');
  await paste(page, device.answer(text));
  await look(page, 'recorded');
  const refused = await press(page, 'out');
  await paste(page, device.answer(refused, { status: 1 }));
  await look(page, 'refused');
  const lost = await press(page, 'out');
  await paste(page, device.answer(lost, { status: 3, next: 50 }));
  await look(page, 'to be sent anew');
  await press(page, 'in');
  await look(page, 'two that wait');
  await page.click('#to-about');
  await page.click('#remove');
  await look(page, 'about');
  await page.goto(`${phone.address}#${new Device(device.device + 1).keyText}`);
  await page.waitForSelector('#confirm:not([hidden])');
  await look(page, 'another key');
  const kept = await stored(page);
  await restore(page, { ...kept, next: 65_536 });
  await page.click('#confirm-no');
  await reload(page);
  await page.waitForSelector('#desk:not([hidden])');
  await look(page, 'used up');
  return page;
}

async function findings(page) {
  const found = await page.evaluate(() =>
    window.axe.run(document, {
      resultTypes: ['violations'],
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
    }),
  );
  assert.ok(found.passes.length > 15, 'axe has looked');
  return found.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join(' | ')}`);
}

for (const locale of LOCALES) {
  for (const colorScheme of ['light', 'dark']) {
    test(`axe finds nothing in any state: ${locale}, ${colorScheme}`, async () => {
      // As high as the page: axe takes what the bar covers until one scrolls for too small to be pressed.
      const viewport = { width: 360, height: 2400 };
      const phone = await Phone.make(browser, { viewport, locale, colorScheme, reducedMotion: 'reduce' });
      await phone.context.addInitScript(AXE);
      let looked = 0;
      await states(phone, new Device(3), async (page, name) => {
        assert.deepEqual(await findings(page), [], name);
        const isRightToLeft = (await page.getAttribute('html', 'dir')) === 'rtl';
        assert.equal(isRightToLeft, locale === 'fa-IR', name);
        looked += 1;
      });
      assert.equal(looked, 15);
      await phone.close();
    });
  }
}

/** What of the page is not where it should be. */
function misplaced() {
  const faults = [];
  if (document.documentElement.scrollWidth > innerWidth) faults.push(`wider by ${document.documentElement.scrollWidth - innerWidth}`);
  for (const element of document.querySelectorAll('button, a, h2, p, li, dd, select, input, textarea')) {
    const box = element.getBoundingClientRect();
    if (box.width === 0 || getComputedStyle(element).position === 'absolute') continue;
    if (box.left < 0 || box.right > innerWidth + 0.5) faults.push(`beside the page: ${element.outerHTML.slice(0, 80)}`);
    if (element.scrollWidth > element.clientWidth + 1 && element.matches('button, a')) {
      faults.push(`too long for its place: ${element.outerHTML.slice(0, 80)}`);
    }
    if (element.matches('button, a, select') && box.height < 44) faults.push(`low: ${element.outerHTML.slice(0, 80)}`);
  }
  return faults;
}

for (const locale of LOCALES) {
  for (const scale of [1, 2]) {
    test(`nothing is cut at 360x640 with letters of ${scale * 100} %: ${locale}`, async () => {
      const phone = await Phone.make(browser, { ...PHONE, locale, reducedMotion: 'reduce' });
      await phone.context.addInitScript((size) => {
        addEventListener('DOMContentLoaded', () => {
          document.documentElement.style.fontSize = `${size * 112.5}%`;
        });
      }, scale);
      await states(phone, new Device(4), async (page, name) => {
        assert.deepEqual(await page.evaluate(misplaced), [], name);
      });
      await phone.close();
    });
  }
}

test('In and Out lie in the lower half of a small phone, 56 px high or more, within the reach of a thumb', async () => {
  const phone = await Phone.make(browser);
  const device = new Device(5);
  const page = await phone.enrolled(device);
  const check = async (name) => {
    for (const id of ['in', 'out']) {
      const box = await page.locator(`#${id}`).boundingBox();
      assert.ok(box.height >= 56 && box.width >= 100, `${name}: ${JSON.stringify(box)}`);
      assert.ok(box.y >= 320 && box.y + box.height <= 640, `${name}: ${JSON.stringify(box)}`);
    }
  };
  await check('nothing sent');
  for (let nth = 0; nth < 12; nth += 1) await press(page, nth % 2 ? 'in' : 'out');
  await check('waiting');
  await page.click('#more summary');
  await check('with a note');
  const paste = await page.locator('#paste').boundingBox();
  const bar = await page.locator('#bar').boundingBox();
  assert.ok(paste.y + paste.height <= bar.y + bar.height);
  await phone.close();
});

test('what waits shows its steps and both buttons without scrolling', async () => {
  for (const locale of LOCALES) {
    const phone = await Phone.make(browser, { locale });
    const page = await phone.enrolled(new Device(6));
    await press(page, 'in');
    const bar = await page.locator('#bar').boundingBox();
    for (const id of ['state', 'steps', 'sms', 'paste']) {
      const box = await page.locator(`#${id}`).boundingBox();
      assert.ok(box.y >= 0 && box.y + box.height <= bar.y, `${locale} ${id}: ${box.y + box.height} of ${bar.y}`);
    }
    await phone.close();
  }
});

test('everything is reached and worked by keyboard, and the focus follows', async () => {
  const phone = await Phone.make(browser);
  const device = new Device(8);
  const page = await phone.open(device.keyText);
  const focused = () => page.evaluate(() => document.activeElement.id);
  assert.equal(await focused(), 'confirm-head');
  await page.keyboard.press('Tab');
  assert.equal(await focused(), 'confirm-yes');
  await page.keyboard.press('Enter');
  await page.waitForSelector('#desk:not([hidden])');
  assert.equal(await focused(), 'state');
  const order = [];
  for (let nth = 0; nth < 3; nth += 1) {
    await page.keyboard.press('Tab');
    order.push(await page.evaluate(() => document.activeElement.id || document.activeElement.tagName));
  }
  assert.deepEqual(order, ['SUMMARY', 'in', 'out']);
  await page.keyboard.press('Space');
  await page.waitForSelector('#sms:not([hidden])');
  assert.equal(await focused(), 'state');
  await page.focus('#paste');
  await page.keyboard.press('Enter');
  await page.waitForSelector('#answer-form:not([hidden])');
  assert.equal(await focused(), 'answer');
  await phone.close();
});

test('nothing moves where a person wants no motion', async () => {
  const phone = await Phone.make(browser, { reducedMotion: 'reduce' });
  const page = await phone.enrolled(new Device(9));
  await press(page, 'in');
  assert.equal(await page.evaluate(() => document.getAnimations().length), 0);
  await phone.close();
});
