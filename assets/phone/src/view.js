// Puts the state of the phone on the page.

import { noteOctets, NOTE_OCTETS, ACTIONS } from './hz1.js';
import { isDue, isWaiting, messageOf, nextCounter, smsLink } from './phone.js';

const MARKS = {
  none: 'M16 24h16',
  waiting: 'M24 13v12l7 5',
  recorded: 'm15 25 6 6 12-14',
  refused: 'M24 13v14m0 7v.1',
};
const REASONS = ['why_1', 'why_2', 'why_3', 'why_4'];

/** The element of this name. */
export function at(id) {
  return document.getElementById(id);
}

function write(id, text) {
  const element = at(id);
  // Written anew only where it changed, or screen readers say it again.
  if (element.textContent !== text) element.textContent = text;
}

function show(id, isShown) {
  at(id).hidden = !isShown;
}

function nameOf(action, tongue) {
  return tongue.say(action === ACTIONS.in ? 'in' : 'out');
}

function reasonOf(state, message, tongue) {
  if (message.status === 3 && nextCounter(state) === 0) return tongue.say('used_up');
  return tongue.say(REASONS[message.status - 1] || 'why_other', { status: tongue.number(message.status) });
}

function kindOf(message) {
  if (!message) return 'none';
  if (isWaiting(message)) return 'waiting';
  return message.status === 0 ? 'recorded' : 'refused';
}

/** All words of the page in a language, and its direction. */
export function writeWords(tongue) {
  document.documentElement.lang = tongue.code;
  document.documentElement.dir = tongue.direction;
  document.title = tongue.say('title');
  for (const element of document.querySelectorAll('[data-say]')) {
    element.textContent = tongue.say(element.dataset.say);
  }
  at('camera').setAttribute('aria-label', tongue.say('scan'));
}

/** The clock of this phone. */
export function writeClock(tongue, now) {
  write('time', tongue.time(now));
  write('day', tongue.day(now));
}

/** What was said last: a sentence with its places, or nothing. */
export function writeSaid(tongue, said) {
  write('said', said ? tongue.say(said.key, said.places && said.places(tongue)) : '');
}

/** Shows one section of the page. */
export function showSection(name) {
  for (const section of document.querySelectorAll('main > section')) section.hidden = section.id !== name;
}

/** The message that the card is about, and what is to do. */
export function writeCard(state, message, tongue, now, isApple) {
  const kind = kindOf(message);
  at('card').dataset.is = kind;
  at('mark-path').setAttribute('d', MARKS[kind]);
  const isRecorded = kind === 'recorded';
  const time = message && tongue.moment(isRecorded ? message.deskTime : message.claimed, now);
  write('state', tongue.say(`state_${kind}`, message ? { action: nameOf(message.action, tongue), time } : {}));
  const waiting = state.messages.filter((one) => isWaiting(one) && one !== message).length;
  const details = [
    !message && tongue.say('detail_none'),
    kind === 'refused' && reasonOf(state, message, tongue),
    waiting > 0 && tongue.say('earlier', { count: tongue.number(waiting) }),
    nextCounter(state) === 0 && (kind !== 'refused' || message.status !== 3) && tongue.say('used_up'),
  ];
  write('detail', details.filter(Boolean).join(' '));
  write('written', message ? message.note : '');
  const isWaitingNow = kind === 'waiting';
  const isDueNow = isWaitingNow && isDue(message, now);
  write('due', isDueNow ? tongue.say('due') : '');
  // While an answer is put in, nothing stands between it and what it answers.
  const isAnswering = !at('answer-form').hidden;
  for (const id of ['steps', 'sms', 'copies']) show(id, isWaitingNow && !isAnswering);
  if (!isWaitingNow || isAnswering) show('by-hand', false);
  show('paste', (isWaitingNow || waiting > 0) && !isAnswering);
  const sms = at('sms');
  if (isWaitingNow) sms.href = smsLink(message, isApple);
  else sms.removeAttribute('href');
  write('sms', tongue.say(message && (message.resealed > 0 || now - message.made > 60) ? 'send_again' : 'sms_open'));
}

function itemState(state, message, tongue, now) {
  if (isWaiting(message)) return tongue.say('item_waiting');
  const time = tongue.moment(message.deskTime, now);
  if (message.status === 0) return tongue.say('item_recorded', { time });
  const again = message.anew && messageOf(state, message.anew);
  return again ? tongue.say('item_anew', { time }) : reasonOf(state, message, tongue);
}

/** All messages, the newest first; `choose` puts one on the card. */
export function writeMessages(state, chosen, tongue, now, choose) {
  const items = [...state.messages].reverse().map((message) => {
    const item = document.createElement('li');
    const text = document.createElement('p');
    const time = tongue.moment(message.claimed, now);
    text.textContent = tongue.say('item', { action: nameOf(message.action, tongue), time });
    const small = document.createElement('small');
    small.textContent = itemState(state, message, tongue, now);
    text.append(small);
    item.append(text);
    if (isWaiting(message) && message !== chosen) {
      const button = document.createElement('button');
      button.type = 'button';
      button.textContent = tongue.say('show');
      button.setAttribute('aria-label', `${tongue.say('show')}: ${text.firstChild.textContent}`);
      button.addEventListener('click', () => choose(message.digest));
      item.append(button);
    }
    return item;
  });
  at('messages').replaceChildren(...items);
  show('list', items.length > 0);
}

/** The room that a note leaves; whether it fits. */
export function writeNoteRoom(tongue) {
  const used = noteOctets(at('note').value.trim());
  const left = NOTE_OCTETS - used;
  const isLong = left < 0;
  at('note').setAttribute('aria-invalid', String(isLong));
  const room = isLong
    ? tongue.say('note_long', { over: tongue.number(-left) })
    : tongue.say('note_room', { left: tongue.number(left) });
  write('note-room', used > 0 ? room : '');
  return !isLong;
}

/** Where a key is put in: the first one, or another. */
export function writeEnrol(hasKey, tongue) {
  write('enrol-head', tongue.say(hasKey ? 'another_key' : 'enrol_head'));
  show('key-cancel', hasKey);
}

/** A key that waits for a yes. */
export function writeConfirm(key, words, isReplacing) {
  const items = words.map((word) => {
    const item = document.createElement('li');
    item.textContent = word;
    return item;
  });
  at('confirm-words').replaceChildren(...items);
  write('confirm-desk', key.desk);
  write('confirm-device', String(key.device));
  show('replaces', isReplacing);
}

/** What the page says about itself and the key. */
export function writeAbout(state, tongue, isKept) {
  write('about-kept', tongue.say(isKept ? 'about_kept' : 'about_unkept'));
  show('about-key', state.key !== null);
  if (!state.key) return;
  write('about-desk', state.key.desk);
  write('about-device', String(state.key.device));
  write('about-words', state.key.words.join(' '));
  const waiting = state.messages.filter(isWaiting).length;
  write('remove-ask', tongue.say('remove_ask', { count: tongue.number(waiting) }));
}
