// Octets and their texts.

/** Octets one after the other. */
export function concat(...parts) {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Whether two rows of octets are the same; not for secrets. */
export function equal(a, b) {
  return a.length === b.length && a.every((octet, at) => octet === b[at]);
}

/** An unsigned number of four octets, big-endian. */
export function u32(value) {
  const octets = new Uint8Array(4);
  new DataView(octets.buffer).setUint32(0, value);
  return octets;
}

/** Reads an unsigned number of four octets, big-endian. */
export function readU32(octets, at) {
  return new DataView(octets.buffer, octets.byteOffset).getUint32(at);
}

/** Standard Base64 without padding. */
export function toBase64(octets) {
  return btoa(String.fromCharCode(...octets)).replace(/=+$/, '');
}

/** Reads standard Base64 without padding, unused bits zero; null where it is anything else. */
export function fromBase64(text) {
  if (!/^[A-Za-z0-9+/]*$/.test(text) || text.length % 4 === 1) return null;
  const octets = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return toBase64(octets) === text ? octets : null;
}
