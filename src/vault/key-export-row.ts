/** One wrapped data key that survived an epoch, as it stands in an export. Bytes are in base64. */
export interface KeyExportRow {
  id: number;
  wrapped: string;
  /** Opaque id of its data subject. */
  subject: string | null;
  /** The keyed digest by which a reference is looked up. */
  lookup: string | null;
  /** The sealed reference. */
  reference: string | null;
}

/** An export's first line. */
export interface KeyExportHeader {
  v: 1;
  kind: 'key-export';
  origin: string;
  /** The epoch under whose key the rows are wrapped. */
  epoch: number;
  /** Name of that key at the provider, and the epoch's secrets wrapped by it, for a database that knows nothing of the epoch. */
  kek: string;
  secrets: string;
  time: string;
}

/** An export's last line: how many rows there are, and SHA-256 in hexadecimal of all bytes before it. */
export interface KeyExportEnd {
  rows: number;
  digest: string;
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** The members in the order in which they are written, and no other. Undefined when it is no row. */
export function keyExportRow(value: unknown): KeyExportRow | undefined {
  if (!isObject(value, ['id', 'wrapped', 'subject', 'lookup', 'reference'])) return undefined;
  const { id, wrapped, subject, lookup, reference } = value;
  if (!Number.isSafeInteger(id) || (id as number) < 0 || !isBase64(wrapped) || wrapped === '') return undefined;
  if (subject !== null && typeof subject !== 'string') return undefined;
  if ((lookup !== null && !isBase64(lookup)) || (reference !== null && !isBase64(reference))) return undefined;
  return { id: id as number, wrapped, subject, lookup, reference };
}

export function keyExportHeader(value: unknown): KeyExportHeader | undefined {
  if (!isObject(value, ['v', 'kind', 'origin', 'epoch', 'kek', 'secrets', 'time'])) return undefined;
  const { v, kind, origin, epoch, kek, secrets, time } = value;
  if (v !== 1 || kind !== 'key-export' || typeof origin !== 'string' || !Number.isSafeInteger(epoch) || typeof time !== 'string') return undefined;
  if (typeof kek !== 'string' || kek === '' || !isBase64(secrets) || secrets === '') return undefined;
  return { v, kind, origin, epoch: epoch as number, kek, secrets, time };
}

export function keyExportEnd(value: unknown): KeyExportEnd | undefined {
  if (!isObject(value, ['rows', 'digest'])) return undefined;
  const { rows, digest } = value;
  return Number.isSafeInteger(rows) && typeof digest === 'string' ? { rows: rows as number, digest } : undefined;
}

function isBase64(value: unknown): value is string {
  return typeof value === 'string' && BASE64.test(value);
}

function isObject(value: unknown, members: readonly string[]): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const names = Object.keys(value);
  return names.length === members.length && members.every((name) => names.includes(name));
}
