// An SMSC on npm `smpp` with phones behind it. It takes orders as JSON lines on stdin and tells what happens as JSON
// lines on stdout; the first line is {"event":"listening","port":N}. It ends when stdin ends.
//
// node smsc.js '{"system_id":"smppuser","password":"secret","desk":"+98…","time_zone":"Asia/Tehran","scale":0.01}'

import { createInterface } from 'node:readline';
import smpp from 'smpp';
import { OldPhone, SealedPhone, readKeyText } from './phone.js';

const settings = JSON.parse(process.argv[2]);
const FOOTER = ' sent by Ozeki SMPP SMS Gateway for Android - www.ozekisms.com';
const REPEAT_AFTER_MIN = [3, 10, 30, 120];
const WINDOW = 10;
const DELIVERY_RECEIPT = 0x04;

const say = (event) => process.stdout.write(`${JSON.stringify(event)}\n`);
const faults = [];
const fault = (what) => {
  faults.push(what);
  say({ event: 'fault', what });
};

// --- phones -------------------------------------------------------------------------------------------------------

const phones = [];

function addPhone({ key_text: keyText, device, root_key: rootKey, number, ton = 1, npi = 1, style }) {
  let phone;
  if (keyText) {
    const key = readKeyText(keyText);
    if (key.desk !== settings.desk) fault(`the key names the desk ${key.desk}`);
    phone = new SealedPhone(key.device, key.root);
  } else if (rootKey) {
    phone = new SealedPhone(device, Buffer.from(rootKey, 'hex'));
  } else {
    phone = new OldPhone(settings.time_zone);
  }
  phones.push({ phone, address: { number, ton, npi }, style: style ?? 'gsm' });
  say({ event: 'added', phone: phones.length - 1, device: phone.device ?? null });
}

function send(holder, message, times = 0) {
  if (!holder.phone.waiting.includes(message)) return;
  if (times > 0) say({ event: 'repeated', phone: phones.indexOf(holder), times });
  for (const body of bodiesOf(holder.style, message.text)) deliver(holder.address, body);
  const minutes = REPEAT_AFTER_MIN[times];
  if (minutes === undefined) return;
  setTimeout(() => send(holder, message, times + 1), minutes * 60_000 * settings.scale).unref();
}

let reference = 0;

/** The ways in which gateways hand on a text. */
function bodiesOf(style, text) {
  switch (style) {
    case 'gsm':
      return [{ data_coding: 0, short_message: { message: text } }];
    case 'latin':
      return [{ data_coding: 3, short_message: { message: text } }];
    case 'ucs2':
      return [{ data_coding: 8, short_message: { message: text } }];
    case 'footer':
      return [{ data_coding: 0, short_message: { message: text + FOOTER } }];
    case 'payload':
      return [{ data_coding: 0, short_message: '', message_payload: { message: text } }];
    case 'parts': {
      reference = (reference + 1) % 256;
      const half = Math.ceil(text.length / 2);
      const part = (number, message) => ({
        data_coding: 0,
        esm_class: 0x40,
        short_message: { udh: Buffer.from([5, 0, 3, reference, 2, number]), message },
      });
      // Parts come in any order.
      return [part(2, text.slice(half)), part(1, text.slice(0, half))];
    }
    case 'sms': {
      // As a phone does it where the network has no better alphabet: UCS-2, and a header from 71 characters on.
      if (text.length <= 70) return bodiesOf('ucs2', text);
      reference = (reference + 1) % 65_536;
      const pieces = text.match(/.{1,66}/gs);
      const header = (at) => Buffer.from([6, 8, 4, reference >> 8, reference & 255, pieces.length, at + 1]);
      return pieces.map((message, at) => ({
        data_coding: 8,
        esm_class: 0x40,
        short_message: { udh: header(at), message },
      }));
    }
    case 'sar': {
      reference = (reference + 1) % 65_536;
      const pieces = text.match(/.{1,50}/gs);
      const parts = pieces.map((message, at) => ({
        data_coding: 0,
        short_message: { message },
        sar_msg_ref_num: reference,
        sar_total_segments: pieces.length,
        sar_segment_seqnum: at + 1,
      }));
      // The last comes first, and twice.
      return [parts.at(-1), ...parts];
    }
    default:
      throw new Error(`no style ${style}`);
  }
}

function hear(submit, text) {
  const same = ({ address }) => address.number === submit.destination_addr;
  const holders = phones.filter(same);
  if (holders.length === 0) fault(`an SMS to the stranger ${submit.destination_addr}`);
  for (const holder of holders) {
    const { number, ton, npi } = holder.address;
    if (submit.dest_addr_ton !== ton || submit.dest_addr_npi !== npi) {
      fault(`to ${number} with type ${submit.dest_addr_ton} and plan ${submit.dest_addr_npi}`);
    }
    const heard = holder.phone.hear(text);
    const { message, again, ...rest } = heard;
    const { counter = null, status = 0 } = message ?? {};
    say({ event: 'heard', phone: phones.indexOf(holder), ...rest, counter, status });
    if (again) send(holder, again);
  }
}

// --- the link -----------------------------------------------------------------------------------------------------

let bound = null;
let refusing = false;
let throttled = 0;
let messageId = 0x1a2b00;
let submitted = 0;
let delivered = 0;
const statuses = {};
const queue = [];
const flying = new Set();

function deliver(from, body) {
  queue.push({
    source_addr: from.number,
    source_addr_ton: from.ton,
    source_addr_npi: from.npi,
    destination_addr: settings.desk,
    dest_addr_ton: 1,
    dest_addr_npi: 1,
    ...body,
  });
  pump();
}

function pump() {
  while (bound && flying.size < WINDOW && queue.length > 0) {
    const message = queue.shift();
    flying.add(message);
    // The library encodes in place: what is sent again has to be whole.
    const short = message.short_message;
    const copy = { ...message, short_message: short?.message ? { ...short } : short };
    bound.deliver_sm(copy, (response) => {
      if (!flying.delete(message)) return;
      const status = response.command_status;
      statuses[status] = (statuses[status] ?? 0) + 1;
      if (status === 0) delivered += 1;
      else setTimeout(() => (queue.push(message), pump()), 500);
      pump();
    });
  }
}

function lose(session, event) {
  if (bound !== session) return;
  bound = null;
  queue.unshift(...flying);
  flying.clear();
  say({ event });
}

function bind(session, pdu) {
  const answer = (command_status) => {
    session.send(pdu.response({ command_status, system_id: 'npm-smpp' }));
    if (command_status !== 0) say({ event: 'bind_refused', status: command_status });
  };
  if (pdu.interface_version !== 0x34) fault(`interface_version ${pdu.interface_version}`);
  if (refusing) return answer(smpp.ESME_RALYBND);
  if (pdu.system_id !== settings.system_id) return answer(smpp.ESME_RINVSYSID);
  if (pdu.password !== settings.password) return answer(smpp.ESME_RINVPASWD);
  if (bound) return answer(smpp.ESME_RALYBND);
  bound = session;
  answer(0);
  say({ event: 'bound' });
  // A peer asks at any time.
  session.enquire_link();
  pump();
}

function take(session, pdu) {
  if (bound !== session) fault('submit_sm on a link that is not bound');
  if (throttled > 0) {
    throttled -= 1;
    session.send(pdu.response({ command_status: smpp.ESME_RTHROTTLED }));
    say({ event: 'throttled', left: throttled });
    return;
  }
  if (pdu.esm_class !== 0) fault(`esm_class ${pdu.esm_class}`);
  if (pdu.registered_delivery !== 1) fault(`registered_delivery ${pdu.registered_delivery}`);
  if (pdu.source_addr !== settings.desk) fault(`a receipt from ${pdu.source_addr}`);
  const id = ++messageId;
  submitted += 1;
  session.send(pdu.response({ message_id: id.toString(16).toUpperCase() }));
  const text = pdu.short_message?.message ?? '';
  hear(pdu, text);
  const to = { number: pdu.destination_addr, ton: pdu.dest_addr_ton, npi: pdu.dest_addr_npi };
  setTimeout(() => deliver(to, receiptOf(id)), 20);
}

/** A delivery receipt as many gateways write it: the id is hex in the response and decimal here. */
function receiptOf(id) {
  const stamp = new Date().toISOString().replace(/[-:T]/g, '').slice(2, 12);
  const decimal = String(id).padStart(10, '0');
  const message =
    `id:${decimal} sub:001 dlvrd:001 submit date:${stamp} done date:${stamp} ` +
    'stat:DELIVRD err:000 text:HZ';
  return { esm_class: DELIVERY_RECEIPT, data_coding: 0, short_message: { message } };
}

const server = smpp.createServer((session) => {
  session.on('bind_transceiver', (pdu) => bind(session, pdu));
  for (const command of ['bind_receiver', 'bind_transmitter', 'data_sm', 'generic_nack', 'unknown']) {
    session.on(command, () => fault(command));
  }
  session.on('submit_sm', (pdu) => take(session, pdu));
  session.on('enquire_link', (pdu) => session.send(pdu.response()));
  session.on('unbind', (pdu) => {
    session.send(pdu.response());
    lose(session, 'unbound');
    session.close();
  });
  session.on('close', () => lose(session, 'closed'));
  session.on('error', (error) => {
    if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') fault(`session: ${error.message}`);
    session.destroy();
  });
});
server.on('error', (error) => fault(`server: ${error.message}`));

// --- orders -------------------------------------------------------------------------------------------------------

const orders = {
  phone: addPhone,
  check_in({ phone, action, note }) {
    const holder = phones[phone];
    send(holder, holder.phone.checkIn(action, Math.floor(Date.now() / 1000), note ?? ''));
  },
  notice() {
    const from = { number: '11111', ton: 0, npi: 0 };
    deliver(from, { data_coding: 0, short_message: { message: 'Ozeki SMPP SMS Gateway is running' } });
  },
  drop() {
    bound?.socket.destroy();
  },
  refuse({ on }) {
    refusing = on;
    say({ event: 'refusing', on });
  },
  throttle({ count }) {
    throttled = count;
  },
  report() {
    const describe = ({ action, claimedAt, counter, note, deskTime, plaintext, status }) => ({
      action,
      claimed_at: claimedAt,
      counter: counter ?? null,
      note: plaintext ?? note,
      desk_time: deskTime ?? null,
      status: status ?? 0,
    });
    say({
      event: 'report',
      phones: phones.map(({ phone, address }) => ({
        number: address.number,
        device: phone.device ?? null,
        held: phone.held.map(describe),
        refused: phone.refused.map(describe),
        waiting: phone.waiting.length,
      })),
      submitted,
      delivered,
      statuses,
      waiting: queue.length + flying.size,
      faults,
    });
  },
};

server.listen(0, '127.0.0.1', () => {
  say({ event: 'listening', port: server.address().port });
  const lines = createInterface({ input: process.stdin });
  lines.on('line', (line) => {
    const { cmd, ...rest } = JSON.parse(line);
    orders[cmd](rest);
  });
  lines.on('close', () => process.exit(0));
});
