import { createHash } from 'node:crypto';

/** Drawn once, for all that is named here. */
const NAMESPACE = Buffer.from('6f0e5b1c1b7d4c0c9a55b2d08f3e7a41', 'hex');

/** A UUID that follows from a name (RFC 9562, section 5.5): the same name gives the same one. */
export function uuidV5(name: string): string {
  const bytes = createHash('sha1').update(NAMESPACE).update(name, 'utf8').digest().subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x50, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
