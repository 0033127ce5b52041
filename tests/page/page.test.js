// The built page in Chromium, with a desk that shares nothing with it: check-ins and answers.

import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import test from 'node:test';
import { FILE, PAGE, paste, Phone, press, readSms, reload, restore, says, serve, smsOf, state, stored, textOf } from './browser.js';
import { Device, NUMBER } from './desk.js';
import { clock, follow, scene, section, shared, visible } from './scene.js';

const HOUR = 3600;

test('the page is one file of less than 80 KiB with a strict policy', () => {
  const text = readFileSync(PAGE, 'utf8');
  assert.ok(statSync(PAGE).size < 80 * 1024);
  const [, policy] = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(text);
  const directives = Object.fromEntries(policy.split('; ').map((one) => one.split(/ (.*)/, 2)));
  assert.equal(directives['default-src'], "'none'");
  assert.match(directives['script-src'], /^'sha256-[^' ]+'$/);
  assert.match(directives['style-src'], /^'sha256-[^' ]+'$/);
  assert.equal(directives['connect-src'], undefined);
  assert.equal(directives['img-src'], 'data:');
  assert.doesNotMatch(text, /\b(https?:)?\/\/(?!(www\.w3\.org\/2000\/svg|paulmillr\.com))[a-z]/i);
});

test('the policy lets in no script of others, and lets nothing out', async () => {
  const server = await serve();
  const phone = await Phone.make(shared.browser, {}, server.address);
  const page = await phone.open();
  const names = await page.evaluate(async () => {
    const attempt = async (act) => {
      try {
        await act();
        return 'done';
      } catch (error) {
        return error.name;
      }
    };
    const image = document.createElement('img');
    image.src = '/image.png';
    const style = document.createElement('link');
    style.rel = 'stylesheet';
    style.href = '/style.css';
    document.head.append(image, style);
    return [
      await attempt(() => fetch(location.href)),
      await attempt(() => {
        document.createElement('script').textContent = 'window.isOwned = true';
      }),
      await attempt(() => document.body.insertAdjacentHTML('beforeend', '<p>')),
    ];
  });
  assert.deepEqual(names, ['TypeError', 'TypeError', 'TypeError']);
  for (const what of ['Connecting to', 'Loading the image', 'Loading the stylesheet', 'TrustedScript', 'TrustedHTML']) {
    assert.ok(phone.faults.some((fault) => fault.includes(what)), `${what}: ${phone.faults.join('\n')}`);
  }
  assert.deepEqual(server.asked, ['/phone.html']);
  await phone.context.close();
  await server.close();
});

scene('In is sealed, handed to the SMS app, answered, and recorded at the time of the desk', async (phone, device) => {
  const page = await phone.enrolled(device);
  const before = Math.floor(Date.now() / 1000);
  const text = await press(page, 'in');
  assert.equal(readSms((await smsOf(page))[0]).number, NUMBER);
  const sent = device.open(text);
  assert.deepEqual([sent.counter, sent.action, sent.noteOctets], [1, 1, 0]);
  assert.ok(sent.claimed >= before && sent.claimed <= before + 5);
  assert.equal(await state(page), `In ${clock(sent.claimed)}, no answer yet`);
  assert.equal(await page.isVisible('#steps'), true);
  assert.equal(await page.getAttribute('#sms', 'href'), (await smsOf(page))[0]);
  const time = before + 3 * 60;
  assert.match(await paste(page, `From the office: ${device.answer(text, { time })} sent by an app`), /^Right/);
  assert.equal(await state(page), `In, recorded ${clock(time)}`);
  assert.equal(await page.isVisible('#steps'), false);
  await reload(page);
  assert.equal(await state(page), `In, recorded ${clock(time)}`);
  const out = device.open(await press(page, 'out'));
  assert.deepEqual([out.counter, out.action], [2, 2]);
  assert.notEqual(out.nonce, sent.nonce);
});

scene('the envelope is stored before the SMS app opens', async (phone, device) => {
  const page = await phone.enrolled(device);
  await page.evaluate(() => {
    window.storedAtSend = [];
    addEventListener('click', (event) => {
      if (!event.target.closest('a[href^="sms:"]')) return;
      const opening = indexedDB.open('hazir');
      opening.onsuccess = () => {
        const reading = opening.result.transaction('phone').objectStore('phone').get('state');
        reading.onsuccess = () => window.storedAtSend.push(reading.result.messages.map((one) => one.text));
      };
    }, true);
  });
  const text = await press(page, 'in');
  await page.waitForFunction(() => window.storedAtSend.length === 1);
  assert.deepEqual(await page.evaluate(() => window.storedAtSend[0]), [text]);
});

scene('what cannot be stored is not sent', async (phone, device) => {
  const page = await phone.enrolled(device);
  await page.evaluate(() => {
    IDBObjectStore.prototype.put = () => {
      throw new DOMException('full', 'QuotaExceededError');
    };
  });
  await page.click('#in');
  await says(page, /could not be stored/);
  assert.deepEqual(await page.evaluate(() => window.sms), []);
  assert.equal(await page.isEnabled('#in'), true);
});

scene('a repeat is the same octets, and its answer is the same again', async (phone, device) => {
  const page = await phone.enrolled(device);
  const text = await press(page, 'in');
  await page.click('#sms');
  assert.equal(await press(page, 'in'), text);
  const links = await smsOf(page, 3);
  assert.equal(new Set(links).size, 1);
  const answer = device.answer(text);
  assert.match(await paste(page, answer), /^Right/);
  await follow(page, answer);
  await says(page, /already/);
  assert.equal((await stored(page)).messages.length, 1);
});

scene('reminders come after 3, 10, 30 and 120 minutes, in a page that stays open', async (phone, device) => {
  await phone.context.clock.install();
  const page = await phone.enrolled(device);
  await page.click('#in');
  await smsOf(page);
  assert.equal(await textOf(page, '#sms'), 'Open the SMS app');
  assert.equal(await textOf(page, '#due'), '');
  for (const minutes of [3, 7, 20, 90]) {
    await page.clock.fastForward(minutes * 60_000 + 6000);
    assert.match(await textOf(page, '#due'), /Still no answer/);
    assert.equal(await textOf(page, '#sms'), 'Send again');
    await page.click('#sms');
    await page.waitForSelector('#due:empty', { state: 'attached' });
  }
  await page.clock.fastForward(10 * 3600_000);
  assert.equal(await textOf(page, '#due'), '');
  assert.equal(new Set(await smsOf(page, 5)).size, 1);
});

scene('an answer is opened by link, without its last dot, too, in the same tab and in another', async (phone, device) => {
  const page = await phone.enrolled(device);
  const [one, two] = [await press(page, 'in'), await press(page, 'out')];
  await follow(page, device.answer(one));
  await says(page, /Right/);
  assert.equal(page.url(), FILE);
  assert.match(await state(page), /^In, recorded/);
  const other = await phone.open(device.answer(two).slice(0, -1));
  await says(other, /Right/);
  assert.match(await state(other), /^Out, recorded/);
  assert.equal(other.url(), FILE);
  await page.click('#to-about');
  await page.click('#about-back');
  await page.waitForFunction(() => /recorded/.test(document.querySelector('#messages small').textContent));
});

scene('an answer without its dot is none where it is pasted', async (phone, device) => {
  const page = await phone.enrolled(device);
  const text = await press(page, 'in');
  assert.match(await paste(page, device.answer(text).slice(0, -1)), /no answer in this text/);
  assert.match(await state(page), /no answer yet/);
});

scene('an answer in a browser without a key says where to take it', async (phone, device) => {
  const page = await phone.open(device.answer(`HZ.${Buffer.alloc(41, 0x11).toString('base64').replace(/=+$/, '')}.`));
  await says(page, /this browser has no key/);
  assert.equal(await visible(page), 'enrol');
});

scene('answers that are changed, of others, or of nothing change nothing', async (phone, device) => {
  const page = await phone.enrolled(device);
  const text = await press(page, 'in');
  const right = device.answer(text);
  const octets = Buffer.from(right.slice(3, -1), 'base64');
  for (const at of [5, 6, 8, 20, 40, octets.length - 1]) {
    const changed = Buffer.from(octets);
    changed[at] ^= 1;
    assert.match(await paste(page, `HZ.${changed.toString('base64').replace(/=+$/, '')}.`), /not right/, `octet ${at}`);
  }
  assert.match(await paste(page, new Device(9).answer(text)), /another phone/);
  assert.match(await paste(page, new Device(device.device).answer(text)), /not right/);
  assert.match(await paste(page, device.answer(text, { digest: Buffer.alloc(16, 7) })), /fits no message/);
  assert.match(await paste(page, device.answer(text, { mark: 'AFTSTD' })), /not right/);
  assert.match(await paste(page, device.answer(text, { kind: 0x14 })), /not right/);
  assert.match(await paste(page, text), /that a phone sent/);
  assert.match(await paste(page, 'See you at nine.'), /no answer in this text/);
  assert.match(await state(page), /no answer yet/);
  assert.match(await paste(page, `${text} ${right}`), /^Right/);
});

for (const [status, why] of [[1, /suspended/], [2, /clock of this phone/], [4, /did not understand/], [77, /does not know \(77\)/]]) {
  scene(`status ${status} is said in words`, async (phone, device) => {
    const page = await phone.enrolled(device);
    const text = await press(page, 'in');
    assert.match(await paste(page, device.answer(text, { status })), /did not record/);
    assert.match(await state(page), /^In \d\d:\d\d, not recorded$/);
    assert.match(await textOf(page, '#detail'), why);
    assert.match(await textOf(page, '#messages small'), why);
    assert.equal(device.open(await press(page, 'in')).counter, 2);
  });
}

scene('status 3 is sealed anew twice and no third time', async (phone, device) => {
  const page = await phone.enrolled(device);
  await page.click('#more summary');
  await page.fill('#note', 'late bus');
  let text = await press(page, 'out');
  const first = device.open(text);
  for (const next of [50, 300]) {
    assert.match(await paste(page, device.answer(text, { status: 3, next })), /One more SMS/);
    assert.equal(await textOf(page, '#sms'), 'Send again');
    await page.click('#sms');
    const links = await smsOf(page);
    const again = readSms(links[links.length - 1]).text;
    const opened = device.open(again);
    assert.deepEqual(
      [opened.counter, opened.action, opened.claimed, opened.note],
      [next, 2, first.claimed, 'late bus'],
    );
    assert.notEqual(opened.nonce, first.nonce);
    text = again;
  }
  assert.match(await paste(page, device.answer(text, { status: 3, next: 900 })), /did not record/);
  assert.match(await textOf(page, '#detail'), /counts of desk and phone do not agree/);
  assert.equal(await page.isVisible('#sms'), false);
  assert.equal(await page.locator('#messages li').count(), 3);
  assert.equal(device.open(await press(page, 'in')).counter, 301);
});

scene('a storage that is rolled back uses no nonce twice and loses no check-in', async (phone, device) => {
  const page = await phone.enrolled(device);
  const backup = await stored(page);
  const lost = device.open(await press(page, 'in'));
  await restore(page, backup);
  await reload(page);
  const text = await press(page, 'in');
  const sent = device.open(text);
  assert.equal(sent.counter, lost.counter);
  assert.notEqual(sent.nonce, lost.nonce);
  await paste(page, device.answer(text, { status: 3, next: 2 }));
  const again = readSms(await page.getAttribute('#sms', 'href')).text;
  assert.deepEqual([device.open(again).counter, device.open(again).claimed], [2, sent.claimed]);
  assert.match(await paste(page, device.answer(again)), /^Right/);
});

scene('two tabs at once never use a counter or a nonce twice', async (phone, device) => {
  const pages = [await phone.enrolled(device)];
  for (let nth = 1; nth < 4; nth += 1) pages.push(await phone.open());
  const sent = [];
  for (let round = 0; round < 6; round += 1) {
    const texts = await Promise.all(
      pages.map(async (page, nth) => {
        await page.evaluate((note) => {
          document.getElementById('note').value = note;
        }, `${round} ${nth}`);
        return press(page, nth % 2 ? 'in' : 'out');
      }),
    );
    sent.push(...texts.map((text) => device.open(text)));
  }
  assert.deepEqual(
    sent.map(({ counter }) => counter).sort((a, b) => a - b),
    Array.from({ length: 24 }, (_, at) => at + 1),
  );
  assert.equal(new Set(sent.map(({ nonce }) => nonce)).size, 24);
  const { messages } = await stored(pages[0]);
  assert.equal(messages.length, 24);
  for (const page of pages) await page.waitForFunction(() => document.querySelectorAll('#messages li').length === 24);
});

scene('the last counter is used, then the key is used up', async (phone, device) => {
  const page = await phone.enrolled(device);
  await restore(page, { ...(await stored(page)), next: 65_534 });
  await reload(page);
  for (const [button, counter] of [['in', 65_534], ['out', 65_535]]) {
    assert.equal(device.open(await press(page, button)).counter, counter);
  }
  await page.click('#in');
  await says(page, /used up/);
  assert.match(await textOf(page, '#detail'), /used up/);
  assert.equal((await stored(page)).messages.length, 2);
  const text = readSms((await smsOf(page, 2))[1]).text;
  await paste(page, device.answer(text, { status: 3, next: 0 }));
  assert.match(await textOf(page, '#detail'), /used up/);
});

scene('a note of 60 octets goes, and a longer one does not', async (phone, device) => {
  const page = await phone.enrolled(device);
  await page.click('#more summary');
  const fits = 'آمدن از در پشتی، ş ż é'.padEnd(100, 'ب');
  const cut = [...fits].reduce((sum, letter) => (Buffer.byteLength(sum + letter) <= 60 ? sum + letter : sum), '');
  const exact = cut + 'x'.repeat(60 - Buffer.byteLength(cut));
  assert.equal(Buffer.byteLength(exact), 60);
  await page.fill('#note', `${exact}é`);
  assert.match(await textOf(page, '#note-room'), /Too long by 2/);
  await page.click('#in');
  assert.deepEqual(await page.evaluate(() => window.sms), []);
  assert.equal(await page.getAttribute('#note', 'aria-invalid'), 'true');
  await page.fill('#note', exact);
  assert.match(await textOf(page, '#note-room'), /Room left: 0/);
  const sent = device.open(await press(page, 'in'));
  assert.deepEqual([sent.note, sent.noteOctets], [exact, 60]);
  assert.equal(await page.inputValue('#note'), '');
  assert.equal(await page.textContent('#written'), exact);
  for (const [note, octets] of [['a', 28], ['x'.repeat(28), 28], ['x'.repeat(29), 60], ['  ', 0]]) {
    await page.evaluate((value) => {
      document.getElementById('note').value = value;
    }, note);
    const one = device.open(await press(page, 'out'));
    assert.deepEqual([one.note, one.noteOctets], [note.trim(), octets]);
  }
});

scene('text and number can be copied, by hand where the browser gives no clipboard', async (phone, device) => {
  const page = await phone.enrolled(device);
  const text = await press(page, 'in');
  await page.evaluate(() => {
    Object.defineProperty(navigator, 'clipboard', { value: undefined, configurable: true });
  });
  await page.click('#copy-text');
  await page.waitForSelector('#hand');
  assert.equal(await page.inputValue('#hand'), text);
  assert.equal(await page.evaluate(() => document.activeElement.id), 'hand');
  await page.click('#copy-number');
  assert.equal(await page.inputValue('#hand'), NUMBER);
});

test('from a web server it takes the answer out of the clipboard, asks for nothing, and works when the server is gone', async () => {
  const server = await serve();
  const phone = await Phone.make(shared.browser, { permissions: ['clipboard-read', 'clipboard-write'] }, server.address);
  const device = new Device(77);
  const page = await phone.enrolled(device);
  assert.deepEqual(server.asked, ['/phone.html']);
  await server.close();
  await phone.context.setOffline(true);
  const text = await press(page, 'in');
  await page.click('#copy-text');
  await says(page, /Copied/);
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), text);
  await page.evaluate((answer) => navigator.clipboard.writeText(answer), `Hello ${device.answer(text)}`);
  await page.click('#paste');
  await says(page, /Right/);
  assert.match(await state(page), /^In, recorded/);
  await phone.close();
});

scene('without a network the saved page opens and goes on', async (phone, device) => {
  const page = await phone.enrolled(device);
  await phone.context.setOffline(true);
  await reload(page);
  await section(page, 'desk');
  const text = await press(page, 'in');
  assert.match(await paste(page, device.answer(text)), /^Right/);
});

scene('an old message waits in the list until it is shown', async (phone, device) => {
  const page = await phone.enrolled(device);
  const [one, two] = [await press(page, 'in'), await press(page, 'out')];
  await paste(page, device.answer(two));
  assert.match(await textOf(page, '#detail'), /without an answer: 1/);
  await page.click('#messages button');
  assert.match(await state(page), /^In .*no answer yet$/);
  assert.equal(readSms(await page.getAttribute('#sms', 'href')).text, one);
  assert.equal(await page.evaluate(() => document.activeElement.id), 'state');
});

test('inside another page it does nothing', async () => {
  const page = await shared.browser.newPage();
  await page.goto('about:blank');
  const outer = await serve(`<iframe src="phone.html"></iframe>`);
  await page.goto(outer.address.replace('phone.html', ''));
  const inner = page.frame({ url: outer.address });
  await inner.waitForSelector('#unable:not([hidden])');
  assert.match(await inner.textContent('#unable-why'), /inside another one/);
  await page.close();
  await outer.close();
});

scene('a language is chosen, kept, and turns the page', async (phone, device) => {
  const page = await phone.enrolled(device);
  await page.selectOption('#language', 'fa');
  await page.waitForFunction(() => document.documentElement.dir === 'rtl');
  assert.equal(await state(page), 'هنوز چیزی فرستاده نشده');
  await reload(page);
  await section(page, 'desk');
  assert.equal(await page.getAttribute('html', 'lang'), 'fa');
  const text = await press(page, 'in');
  const time = Math.floor(Date.now() / 1000) + HOUR;
  await paste(page, device.answer(text, { time }));
  assert.match(await state(page), /^ورود، ثبت شد .*[۰-۹]{2}:[۰-۹]{2}$/);
  const other = await phone.open();
  assert.equal(await other.getAttribute('html', 'dir'), 'rtl');
});

for (const [locale, language] of [['fa-IR', 'fa'], ['tr-TR', 'tr'], ['fr-CA', 'fr'], ['pl-PL', 'pl'], ['de-DE', 'en']]) {
  scene(`a browser of ${locale} reads ${language}`, async (phone) => {
    const page = await phone.open();
    assert.equal(await page.getAttribute('html', 'lang'), language);
    assert.equal(await page.inputValue('#language'), language);
  }, { locale });
}

scene('an iPhone gets the link that it reads', async (phone, device) => {
  const page = await phone.enrolled(device);
  const text = await press(page, 'in');
  assert.equal((await smsOf(page))[0], `sms:${NUMBER}&body=${encodeURIComponent(text)}`);
}, { userAgent: 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Mobile/15E148 Safari/604.1' });
