// All languages say the same things.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import test from 'node:test';
import { chooseLanguage, LANGUAGES, speak } from '../src/words.js';

const here = (path) => new URL(path, import.meta.url);
const table = (code) => JSON.parse(readFileSync(here(`../words/${code}.json`), 'utf8'));
const places = (sentence) => [...sentence.matchAll(/\{\w+\}/g)].map(([place]) => place).sort();
const en = table('en');

test('each language has a file, and each file is of a language', () => {
  assert.deepEqual(
    readdirSync(here('../words')).sort(),
    LANGUAGES.map(({ code }) => `${code}.json`).sort(),
  );
});

for (const { code } of LANGUAGES) {
  test(`${code} has the keys and the places of English, in the same order`, () => {
    const own = table(code);
    assert.deepEqual(Object.keys(own), Object.keys(en));
    for (const [key, sentence] of Object.entries(own)) {
      assert.deepEqual(places(sentence), places(en[key]), key);
      assert.equal(sentence, sentence.trim(), key);
      assert.ok(sentence.length > 0, key);
      // A name or a sign may be the same; a sentence may not.
      if (code !== 'en' && en[key].length > 12 && !/^[\W{}a-z]*$/.test(en[key])) assert.notEqual(sentence, en[key], key);
    }
  });
}

test('the page and the code use all of it, and nothing else', () => {
  const sources = ['page.html', 'view.js', 'main.js'].map((name) => readFileSync(here(`../src/${name}`), 'utf8')).join('\n');
  const built = {
    heard_: ['recorded', 'refused', 'anew', 'again', 'none', 'own', 'other', 'changed', 'unmatched'],
    key_: ['none', 'damaged'],
    state_: ['none', 'waiting', 'recorded', 'refused'],
  };
  const made = Object.entries(built).flatMap(([stem, ends]) => {
    assert.ok(sources.includes(`\`${stem}\${`), stem);
    return ends.map((end) => stem + end);
  });
  for (const key of Object.keys(en)) {
    const isUsed = made.includes(key) || new RegExp(`["']${key}["']`).test(sources);
    assert.ok(isUsed, `nobody says ${key}`);
  }
  for (const key of made) assert.ok(key in en, key);
  for (const [, key] of sources.matchAll(/data-say="(\w+)"/g)) assert.ok(key in en, key);
  for (const [, key] of sources.matchAll(/say\('(\w+)'/g)) assert.ok(key in en, key);
});

test('the language is the one that was chosen, else the first that fits', () => {
  assert.equal(chooseLanguage('', ['de-DE', 'pl', 'fr']), 'pl');
  assert.equal(chooseLanguage('tr', ['pl']), 'tr');
  assert.equal(chooseLanguage('xx', ['FA-ir']), 'fa');
  assert.equal(chooseLanguage('', ['de']), 'en');
  assert.equal(chooseLanguage('constructor', []), 'en');
});

test('Persian has its own digits and calendar', () => {
  const persian = speak('fa', table('fa'));
  const march = Date.UTC(2026, 2, 21, 12) / 1000;
  assert.match(persian.moment(march, 0), /۱ فروردین/);
  assert.equal(persian.number(28), '۲۸');
  assert.equal(persian.direction, 'rtl');
});
