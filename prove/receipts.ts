import { parseReceipt } from '../src/core/receipt.ts';
import { verifyReceipt } from '../src/core/verify-receipt.ts';
import { parseVkey } from '../src/core/vkey.ts';
import { mustHold } from './proof.ts';

/** Verifies a receipt with core; gives the leaf index that it proves. @throws CoreError */
export function verifyReceiptText(text: string | undefined, vkey: string): number {
  mustHold(text !== undefined, 'no receipt came');
  return verifyReceipt(parseReceipt(text), parseVkey(vkey)).index;
}
