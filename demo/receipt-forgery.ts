import { parseObject } from './json-object.ts';

/** Changes the last digit of the score in a receipt's payload, and nothing else. Throws if there is no score. */
export function forgeScore(receiptJson: string): { receipt: string; before: string; after: string } {
  const receipt = parseObject(receiptJson);
  const payload = String(receipt['payload']);
  const before = /"score":(0\.\d+)/.exec(payload)?.[1];
  if (before === undefined) throw new Error('the payload has no score');
  const digit = before.at(-1) === '9' ? '8' : String(Number(before.at(-1)) + 1);
  const after = before.slice(0, -1) + digit;
  const forged = payload.replace(`"score":${before}`, `"score":${after}`);
  return { receipt: JSON.stringify({ ...receipt, payload: forged }), before, after };
}
