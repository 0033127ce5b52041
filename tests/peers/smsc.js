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

/** `source` is how the gateway shows the phone, where that is not its number. */
function addPhone({ key_text: keyText, device, root_key: rootKey, number, ton = 1, npi = 1, style, source }) {
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
  const address = { number, ton, npi };
  phones.push({ phone, address, source: source ?? address, style: style ?? 'gsm' });
  say({ event: 'added', phone: phones.length - 1, device: phone.device ?? null });
}

function send(holder, message, times = 0) {
  if (!holder.phone.waiting.includes(message)) return;
  if (times > 0) say({ event: 'repeated', phone: phones.indexOf(holder), times });
  for (const body of bodiesOf(holder.style, message.text)) deliver(holder.source, body);
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
    case 'octets':
      return [{ data_coding: 4, short_message: Buffer.from(text, 'latin1') }];
    case 'dressed':
      return [
        {
          service_type: 'CMT',
          protocol_id: 0x7f,
          priority_flag: 3,
          schedule_delivery_time: '261120085800014+',
          validity_period: '000002000000000R',
          registered_delivery: 1,
          replace_if_present_flag: 1,
          sm_default_msg_id: 7,
          data_coding: 0,
          short_message: { message: text },
          user_message_reference: 77,
          source_port: 9200,
          destination_port: 9200,
          language_indicator: 0,
          payload_type: 0,
          privacy_indicator: 1,
          callback_num: [Buffer.from('\x01\x01\x01989121111111', 'latin1')],
        },
      ];
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
let receipts = { tlv: false, early: false };
let slowOctets = 0;
let messageId = 0x1a2b00;
let submitted = 0;
let delivered = 0;
const statuses = {};
const queue = [];
const flying = new Set();

function deliver(from, body, taken = () => {}) {
  const pdu = {
    source_addr: from.number,
    source_addr_ton: from.ton,
    source_addr_npi: from.npi,
    destination_addr: settings.desk,
    dest_addr_ton: 1,
    dest_addr_npi: 1,
    ...body,
  };
  queue.push({ pdu, taken });
  pump();
}

function pump() {
  while (bound && flying.size < WINDOW && queue.length > 0) {
    const message = queue.shift();
    flying.add(message);
    // The library encodes in place: what is sent again has to be whole.
    const short = message.pdu.short_message;
    const copy = { ...message.pdu, short_message: short?.message ? { ...short } : short };
    bound.deliver_sm(copy, (response) => {
      if (!flying.delete(message)) return;
      const status = response.command_status;
      statuses[status] = (statuses[status] ?? 0) + 1;
      if (status === 0) {
        delivered += 1;
        message.taken();
      } else setTimeout(() => (queue.push(message), pump()), 500);
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
  const respond = () => session.send(pdu.response({ message_id: id.toString(16).toUpperCase() }));
  const to = { number: pdu.destination_addr, ton: pdu.dest_addr_ton, npi: pdu.dest_addr_npi };
  const text = pdu.short_message?.message ?? '';
  if (receipts.early) {
    deliver(to, receiptOf(id), respond);
    hear(pdu, text);
    return;
  }
  respond();
  hear(pdu, text);
  setTimeout(() => deliver(to, receiptOf(id)), 20);
}

/** A delivery receipt as many gateways write it: the id is hex in the response and decimal here. */
function receiptOf(id) {
  if (receipts.tlv) {
    const receipted = id.toString(16).padStart(10, '0');
    return { esm_class: DELIVERY_RECEIPT, short_message: '', receipted_message_id: receipted, message_state: 2 };
  }
  const stamp = new Date().toISOString().replace(/[-:T]/g, '').slice(2, 12);
  const decimal = String(id).padStart(10, '0');
  const message =
    `id:${decimal} sub:001 dlvrd:001 submit date:${stamp} done date:${stamp} ` +
    'stat:DELIVRD err:000 text:HZ';
  return { esm_class: DELIVERY_RECEIPT, data_coding: 0, short_message: { message } };
}

/** Lets PDUs leave in pieces of `slowOctets`, each in a segment of its own, where that is not 0. */
function dribble({ socket }) {
  const write = socket.write.bind(socket);
  let waiting = [];
  const next = () => {
    const piece = waiting.shift();
    if (!piece || socket.destroyed) return;
    write(piece.octets, piece.done);
    setImmediate(next);
  };
  socket.setNoDelay(true);
  socket.write = (octets, done) => {
    if (slowOctets === 0 && waiting.length === 0) return write(octets, done);
    const isIdle = waiting.length === 0;
    const size = slowOctets || octets.length;
    for (let at = 0; at < octets.length; at += size) {
      const last = at + size >= octets.length;
      waiting.push({ octets: octets.subarray(at, at + size), done: last ? done : undefined });
    }
    if (isIdle) next();
    return true;
  };
}

const server = smpp.createServer((session) => {
  dribble(session);
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
  octets({ from, data_coding, hex }) {
    deliver(from, { data_coding, short_message: Buffer.from(hex, 'hex') });
  },
  receipts(how) {
    receipts = how;
  },
  slow({ octets }) {
    slowOctets = octets;
    say({ event: 'slow', octets });
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
