import { closedObject } from './closed-object.ts';
import { SALT_BYTES } from './commitment.ts';
import { type CoreErrorCode, CoreError } from './core-error.ts';
import type { JsonValue } from './json-value.ts';
import { parseStrictJson } from './strict-json.ts';
import { isIndex } from './subtree.ts';

/** What a producer keeps of one prediction; with the log's vkey it verifies offline. */
export interface Receipt {
  /** The leaf's exact text. */
  entry: string;
  /** 32 bytes in lower-case hexadecimal. */
  salt: string;
  /** The payload's exact text. */
  payload: string;
  /** A tlog-proof of the entry (c2sp.org/tlog-proof@v1). */
  proof: string;
}

/** The receipt of an erasure entry, with the list that its payload commits to. */
export interface Erasure extends Receipt {
  /** Indices of all entries that were erased together, ascending. */
  indices: number[];
}

/** What is left of a receipt after erasure: the entry is proved, and so is the authority that erased its payload. */
export interface ErasedReceipt {
  entry: string;
  proof: string;
  erasure: Erasure;
}

const RECEIPT_KEYS = ['entry', 'salt', 'payload', 'proof'] as const;
const ERASED_KEYS = ['entry', 'proof', 'erasure'] as const;
const ERASURE_KEYS = [...RECEIPT_KEYS, 'indices'] as const;
const SALT = new RegExp(`^[0-9a-f]{${SALT_BYTES * 2}}$`);
const MALFORMED: CoreErrorCode = 'receipt-malformed';

/**
 * The receipt in a JSON text, by shape alone: `verifyReceipt` is what gives it meaning.
 *
 * @throws CoreError `json-*`, `receipt-malformed` with `at` = JSON pointer
 */
export function parseReceipt(text: string): Receipt | ErasedReceipt {
  const value = parseStrictJson(text);
  if (isErased(value)) {
    const { entry, proof, erasure } = closedObject(value, ERASED_KEYS, MALFORMED);
    const { indices, ...receipt } = closedObject(erasure, ERASURE_KEYS, MALFORMED, '/erasure');
    return {
      ...strings({ entry, proof }, ''),
      erasure: { ...parseReceiptMembers(receipt, '/erasure'), indices: parseIndices(indices) },
    };
  }
  return parseReceiptMembers(closedObject(value, RECEIPT_KEYS, MALFORMED), '');
}

function isErased(value: JsonValue): boolean {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, 'erasure');
}

/** A receipt's members by their shape. @throws CoreError `receipt-malformed` */
export function parseReceiptMembers(members: Record<keyof Receipt, JsonValue>, at: string): Receipt {
  const receipt = strings(members, at);
  if (!SALT.test(receipt.salt)) {
    throw new CoreError(MALFORMED, `salt is ${SALT_BYTES} bytes in lower-case hexadecimal`, `${at}/salt`);
  }
  return receipt;
}

function strings<K extends string>(members: Record<K, JsonValue>, at: string): Record<K, string> {
  for (const key of Object.keys(members) as K[]) {
    if (typeof members[key] !== 'string') throw new CoreError(MALFORMED, `${key} is a string`, `${at}/${key}`);
  }
  return members as Record<K, string>;
}

/** Leaf indices, some, ascending. @throws CoreError `receipt-malformed` */
export function parseIndices(value: JsonValue, at = '/erasure/indices'): number[] {
  const ascending =
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((index, i): index is number => isLeafIndex(index) && (i === 0 || index > (value[i - 1] as number)));
  if (!ascending) throw new CoreError(MALFORMED, 'indices are leaf indices, ascending', at);
  return value;
}

function isLeafIndex(value: JsonValue): value is number {
  return typeof value === 'number' && isIndex(value);
}
