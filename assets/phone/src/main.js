import { onFragment, opened } from './fragment.js';
import list from '../../words/enrolment.txt';
import { keys, rows } from 'words:tables';
import { canScan, scan } from './camera.js';
import { ACTIONS, fourWords, framesOf, readKey } from './hz1.js';
import { blankPhone, checkIn, enrol, hasKey, hear, isWaiting, messageOf, sendAgain } from './phone.js';
import { change, read } from './store.js';
import {
  at,
  showSection,
  writeAbout,
  writeCard,
  writeClock,
  writeConfirm,
  writeEnrol,
  writeMessages,
  writeNoteRoom,
  writeSaid,
  writeWords,
} from './view.js';
import { chooseLanguage, LANGUAGES, speak } from './words.js';

const WORDS = list.trim().split('\n');
const EVERY_MS = 5000;
// An iPad with the manners of a desktop calls itself a Mac, which has no touch.
const isApple = /iPhone|iPad|iPod/.test(navigator.userAgent) || (/Mac/.test(navigator.userAgent) && navigator.maxTouchPoints > 1);

let state = blankPhone();
let tongue = tongueOf('en');
let section = '';
let said = null;
let chosen = '';
let pending = null;
let isKept = false;
let stopCamera = null;
// The press that sealed a message has noted that it is sent.
let isOpening = false;
const tabs = 'BroadcastChannel' in window ? new BroadcastChannel('hazir') : null;

const now = () => Math.floor(Date.now() / 1000);
const random = (count) => crypto.getRandomValues(new Uint8Array(count));

function tongueOf(code) {
  return speak(code, Object.fromEntries(keys.map((key, place) => [key, rows[code][place]])));
}

function shownMessage() {
  return messageOf(state, chosen) || state.messages[state.messages.length - 1] || null;
}

function render() {
  writeClock(tongue, now());
  writeSaid(tongue, said);
  if (section === 'desk') {
    const message = shownMessage();
    writeCard(state, message, tongue, now(), isApple);
    writeMessages(state, message, tongue, now(), choose);
    writeNoteRoom(tongue);
  }
  if (section === 'enrol') writeEnrol(state.key !== null, tongue);
  if (section === 'about') writeAbout(state, tongue, isKept);
}

function useLanguage() {
  const code = chooseLanguage(state.language, navigator.languages || [navigator.language]);
  tongue = tongueOf(code);
  at('language').value = code;
  writeWords(tongue);
}

/** Goes to a section, and with it the focus where a person asked for it. */
function go(name, { isQuiet = false, keepSaid = false } = {}) {
  if (!keepSaid) said = null;
  endScan();
  section = name;
  showSection(name);
  at('answer-form').hidden = true;
  at('by-hand').hidden = true;
  at('removing').hidden = true;
  render();
  if (isQuiet) return;
  const heading = document.querySelector(`#${name} h2`);
  heading.focus();
  scrollTo(0, 0);
}

const home = () => (state.key ? 'desk' : 'enrol');

function say(key, places) {
  said = { key, places };
  writeSaid(tongue, said);
}

/** Changes the state on disk first, then here; nothing where it cannot be written. */
async function keep(act) {
  try {
    const done = await change(blankPhone, (kept) => {
      const result = act(kept);
      return { result, kept };
    });
    state = done.kept;
    if (tabs) tabs.postMessage('changed');
    return done.result;
  } catch {
    say('not_stored');
    return undefined;
  }
}

/** Reads what another tab may have changed. */
async function refresh() {
  const before = home();
  try {
    state = await read(blankPhone);
  } catch {
    return;
  }
  useLanguage();
  if (home() !== before && section === before) go(home(), { isQuiet: true });
  if (section === 'about' && !state.key) at('removing').hidden = true;
  render();
}

function choose(digest) {
  chosen = digest;
  said = null;
  render();
  at('state').focus();
  scrollTo(0, 0);
}

// Keys

const textOfKey = (phone) => (phone.key ? phone.key.text : '');

function confirmKey() {
  writeConfirm(pending.key, fourWords(pending.key.octets, WORDS), state.key !== null);
  pending.over = textOfKey(state);
  go('confirm');
}

/** Takes a text in which a key may be: true where it is one. */
function offerKey(text, isLink = false) {
  const key = readKey(text);
  if (key.fault) {
    say(`key_${key.fault}`);
    return false;
  }
  at('key').value = '';
  if (hasKey(state, key)) {
    go('desk', { keepSaid: true });
    say('key_same');
    return true;
  }
  pending = { key, isLink };
  confirmKey();
  return true;
}

async function takeKey() {
  if (!pending) return;
  const { key, isLink, over } = pending;
  const done = await keep((kept) => {
    // Another tab may have taken a key in the meantime.
    const isAsExpected = textOfKey(kept) === over;
    if (isAsExpected) enrol(kept, key, fourWords(key.octets, WORDS));
    return { isAsExpected };
  });
  if (!done) return;
  if (!done.isAsExpected && !hasKey(state, key)) {
    confirmKey();
    return;
  }
  pending = null;
  chosen = '';
  go('desk', { keepSaid: true });
  say(isLink ? 'enrolled_link' : 'enrolled');
  if (navigator.storage && navigator.storage.persist) {
    isKept = await navigator.storage.persist().catch(() => false);
  }
}

function leaveKey() {
  pending = null;
  go(home(), { keepSaid: true });
  say('confirm_left');
}

async function startScan() {
  try {
    at('scanning').hidden = false;
    at('scan').hidden = true;
    stopCamera = await scan(at('camera'), (text) => offerKey(text));
  } catch {
    endScan();
    say('scan_denied');
  }
}

function endScan() {
  if (stopCamera) stopCamera();
  if (!at('scanning').hidden) at('scan').hidden = false;
  at('scanning').hidden = true;
  stopCamera = null;
}

async function removeAll() {
  const done = await keep((kept) => {
    const { language } = kept;
    Object.assign(kept, blankPhone(), { language });
    return true;
  });
  if (!done) return;
  chosen = '';
  go('enrol', { keepSaid: true });
  say('removed');
}

// Check-ins

async function press(action) {
  if (!writeNoteRoom(tongue)) {
    at('more').open = true;
    at('note').focus();
    return;
  }
  const buttons = [at('in'), at('out')];
  for (const button of buttons) button.disabled = true;
  const note = at('note').value.trim();
  const message = await keep((kept) => kept.key && checkIn(kept, action, note, now(), random));
  for (const button of buttons) button.disabled = false;
  if (message === undefined) return;
  if (!state.key) {
    go('enrol');
    return;
  }
  if (!message) {
    say('used_up');
    render();
    return;
  }
  at('note').value = '';
  at('more').open = false;
  chosen = message.digest;
  go('desk');
  isOpening = true;
  at('sms').click();
  isOpening = false;
}

function noteSent() {
  const message = shownMessage();
  if (!isOpening && message) keep((kept) => sendAgain(kept, message.digest, now())).then(render);
}

async function takeAnswer(text, isFragment) {
  if (/HZK\./.test(text)) {
    offerKey(text);
    return;
  }
  if (!state.key) {
    say('answer_no_key');
    return;
  }
  const heard = await keep((kept) => hear(kept, text, isFragment, now(), random));
  if (!heard) return;
  if (heard.message) {
    chosen = heard.message.digest;
    at('answer').value = '';
    go('desk');
    const { deskTime } = heard.message;
    say(`heard_${heard.kind}`, (one) => ({ time: one.moment(deskTime, now()) }));
  } else {
    if (section !== 'desk') go('desk');
    say(`heard_${heard.kind}`);
  }
}

async function pasteAnswer() {
  let text = '';
  try {
    text = await navigator.clipboard.readText();
  } catch {
    // Not every browser gives it, nor every person.
  }
  if (framesOf(text).length > 0) {
    takeAnswer(text, false);
    return;
  }
  said = null;
  at('answer-form').hidden = false;
  render();
  at('answer').focus();
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    at('by-hand').hidden = true;
    say('copied');
  } catch {
    at('by-hand').hidden = false;
    at('hand').value = text;
    at('hand').focus();
    at('hand').select();
  }
}

// Links

function takeFragment(text) {
  if (/HZK\./.test(text)) offerKey(text, true);
  else takeAnswer(text, true);
}

function listen() {
  const click = (id, act) => at(id).addEventListener('click', act);
  const submit = (id, act) =>
    at(id).addEventListener('submit', (event) => {
      event.preventDefault();
      act();
    });
  click('to-about', () => go('about'));
  click('about-back', () => go(home()));
  click('to-enrol', () => go('enrol'));
  click('key-cancel', () => {
    at('key').value = '';
    go(home());
  });
  submit('key-form', () => offerKey(at('key').value));
  click('confirm-yes', takeKey);
  click('confirm-no', leaveKey);
  click('scan', startScan);
  click('scan-stop', endScan);
  click('in', () => press(ACTIONS.in));
  click('out', () => press(ACTIONS.out));
  click('sms', noteSent);
  click('copy-text', () => copy(shownMessage().text));
  click('copy-number', () => copy(shownMessage().desk));
  click('paste', pasteAnswer);
  submit('answer-form', () => takeAnswer(at('answer').value, false));
  click('answer-cancel', () => {
    at('answer-form').hidden = true;
    render();
    at('paste').focus();
  });
  click('remove', () => {
    at('removing').hidden = false;
    at('remove-ask').focus();
  });
  click('remove-no', () => {
    at('removing').hidden = true;
    at('remove').focus();
  });
  click('remove-yes', removeAll);
  at('note').addEventListener('input', () => writeNoteRoom(tongue));
  at('language').addEventListener('change', async (event) => {
    const code = event.target.value;
    await keep((kept) => {
      kept.language = code;
    });
    useLanguage();
    render();
  });
  if (tabs) tabs.addEventListener('message', refresh);
  addEventListener('pageshow', (event) => event.persisted && refresh());
  document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && refresh());
  onFragment(takeFragment);
  setInterval(render, EVERY_MS);
}

/** Why this browser cannot be a phone; nothing where it can. */
async function lacking() {
  if (window.top !== window.self) return 'unable_frame';
  if (!window.crypto || !crypto.getRandomValues) return 'unable_random';
  try {
    // Some browsers read from a storage that they cannot write.
    await change(blankPhone, (kept) => {
      state = kept;
    });
  } catch {
    return 'unable_store';
  }
  return '';
}

async function start() {
  at('old').remove();
  for (const { code, name } of LANGUAGES) {
    const option = new Option(name, code);
    option.lang = code;
    at('language').add(option);
  }
  const why = await lacking();
  useLanguage();
  if (why) {
    at('unable-why').textContent = tongue.say(why);
    at('language').disabled = true;
    at('to-about').hidden = true;
    go('unable', { isQuiet: true });
    return;
  }
  listen();
  go(home(), { isQuiet: true });
  if (opened) takeFragment(opened);
  at('scan').hidden = !(await canScan());
  if (navigator.storage && navigator.storage.persisted) {
    isKept = await navigator.storage.persisted().catch(() => false);
  }
}

start();
