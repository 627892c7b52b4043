import type { Hit } from './hit.ts';

/** What stands where a whole value was taken out. */
export const REDACTED = '[redacted]';

/**
 * A text without what was found in it: each hit becomes `[detector]`, or what `replace` gives.
 *
 * @param hits in order, not overlapping, as `detect` returns them
 */
export function redactHits(text: string, hits: readonly Hit[], replace: (hit: Hit, original: string) => string = ({ detector }) => `[${detector}]`): string {
  let redacted = '';
  let past = 0;
  for (const hit of hits) {
    const end = hit.offset + hit.length;
    redacted += text.slice(past, hit.offset) + replace(hit, text.slice(hit.offset, end));
    past = end;
  }
  return redacted + text.slice(past);
}
