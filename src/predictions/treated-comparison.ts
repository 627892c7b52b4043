import type { Handling } from '../contracts/judgement.ts';
import { canonicalize } from '../core/canonical-json.ts';
import type { JsonValue } from '../core/json-value.ts';
import { escapePointer } from '../ledger/policy-file.ts';

/** How two forms of a record are compared. */
export interface Comparison {
  /** Where a treatment changed something, in either of the two: JSON pointers. */
  places: ReadonlySet<string>;
  /** Whether the same treatments were made in both: then what they made is the same too, but for the tokens. */
  isAlike: boolean;
  /** Whether either may lack members, uncounted, that the other has. */
  dropsUnknown: boolean;
}

const TOKEN = /tok_[A-Za-z0-9_-]{22}/g;

/** All places that were changed. */
export function touchedPlaces(handlings: readonly (Handling | undefined)[]): Set<string> {
  return new Set(
    handlings.flatMap((each) =>
      each === undefined
        ? []
        : [...(each.tokenized ?? []), ...(each.masked ?? []), ...(each.generalized ?? []), ...(each.redacted ?? []), ...(each.dropped ?? []), ...(each.hits ?? []).map(({ at }) => at)],
    ),
  );
}

/**
 * Whether a kept record and one that was sent may be the same: equal wherever no treatment touched them, and in the touched
 * places equal but for their tokens where both were treated alike. Elsewhere nothing can be said of touched places.
 */
export function agrees(kept: JsonValue | undefined, sent: JsonValue | undefined, how: Comparison, at = ''): boolean {
  if (how.places.has(at)) return !how.isAlike || blank(kept) === blank(sent);
  if (isObject(kept) && isObject(sent)) {
    return [...new Set([...Object.keys(kept), ...Object.keys(sent)])].every((name) => {
      const place = `${at}/${escapePointer(name)}`;
      const [here, there] = [member(kept, name), member(sent, name)];
      if (here === undefined && how.dropsUnknown && (at !== '' || name === 'decision') && !how.places.has(place)) return true;
      return agrees(here, there, how, place);
    });
  }
  if (Array.isArray(kept) && Array.isArray(sent)) {
    return kept.length === sent.length && kept.every((item, i) => agrees(item, sent[i], how, `${at}/${i}`));
  }
  if (kept === undefined || sent === undefined) return kept === sent;
  return canonicalize(kept) === canonicalize(sent);
}

/** The value at a JSON pointer; undefined where there is none. */
export function valueAt(value: JsonValue, pointer: string): JsonValue | undefined {
  let found: JsonValue | undefined = value;
  for (const part of pointer.split('/').slice(1)) {
    const name = part.replaceAll('~1', '/').replaceAll('~0', '~');
    found = Array.isArray(found) ? found[Number(name)] : isObject(found) ? member(found, name) : undefined;
  }
  return found;
}

/** Each token alike: which one stands there was drawn by lot. */
function blank(value: JsonValue | undefined): string | undefined {
  return value === undefined ? undefined : canonicalize(value).replaceAll(TOKEN, 'tok_');
}

function member(object: { [name: string]: JsonValue }, name: string): JsonValue | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

function isObject(value: JsonValue | undefined): value is { [name: string]: JsonValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
