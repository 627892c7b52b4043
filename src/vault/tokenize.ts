import { canonicalize } from '../core/canonical-json.ts';
import type { LogVault, SealingKey } from './log-vault.ts';
import { encodeOriginals, randomToken, tokenText, type Original, type SealedOriginal } from './original.ts';

/** The data subject that tokens belong to which are the same in the whole log: no posted reference holds a control character. */
export const WHOLE_LOG = '\u0000log';

/**
 * Puts a token into the place of each original; gives what is to be sealed of them, undefined where there are none. At once
 * where every deterministic token is known.
 *
 * @param key the payload's: deterministic tokens within a data subject belong to it
 */
export function tokenize(vault: LogVault, key: SealingKey, originals: readonly Original[]): Buffer | undefined | Promise<Buffer | undefined> {
  if (originals.length === 0) return undefined;
  const tokens = originals.map((original) => tokenOf(vault, key, original));
  return tokens.some((token) => token instanceof Promise)
    ? Promise.all(tokens.map(async (token) => token)).then((known) => place(originals, known))
    : place(originals, tokens as Buffer[]); // none is a promise
}

function place(originals: readonly Original[], tokens: readonly Uint8Array[]): Buffer {
  const sealed = originals.map(({ at, value, put }, i): SealedOriginal => {
    const token = tokenText(tokens[i] as Uint8Array); // one for each
    put(token);
    return { at, token, value };
  });
  return encodeOriginals(sealed);
}

function tokenOf(vault: LogVault, key: SealingKey, { mode, across, value }: Original): Buffer | Promise<Buffer> {
  if (mode === 'random') return randomToken();
  const text = canonicalize(value);
  if (across === 'subject') return vault.tokens.of({ key: key.id, lookup: key.tokenLookup(text) });
  const wide = vault.subjectKey(WHOLE_LOG);
  const ofLog = (logKey: SealingKey): Buffer | Promise<Buffer> => vault.tokens.of({ key: logKey.id, lookup: logKey.tokenLookup(text) });
  return wide instanceof Promise ? wide.then(ofLog) : ofLog(wide);
}
