import type { Fault } from '../http/problem.ts';
import { detect, detectInIdentifier, detectNumber } from './detectors.ts';
import { escapePointer } from '../ledger/policy-file.ts';
import type { Hit } from './hit.ts';
import type { ContractFile } from './contract-file.ts';
import { cut } from './form.ts';
import type { Holder, Key, TreatedRecord } from './treated-record.ts';

const MAX_CLEAN_NAMES = 4096;
const MAX_CLEAN_NAME_LENGTH = 64;

/** Looks for people in values that should hold none, and deals with what it finds as one contract says. */
export class Classification {
  private readonly onHit: ContractFile['onHit'];
  /** Keys and names in which nothing was found, as parts of pointers: the same ones come with every record. Bounded; only what is clean is kept. */
  private readonly cleanNames = new Map<string, string>();

  constructor(onHit: ContractFile['onHit']) {
    this.onHit = onHit;
  }

  text(holder: Holder, key: Key, at: string, value: string, field: string, record: TreatedRecord): void {
    const hits = detect(value, field);
    if (hits.length === 0) return;
    if (this.onHit === 'tokenize') record.tokenizeSpans(holder, key, at, value, hits);
    else for (const hit of hits) this.speakAgainst(record).push(fault(at, hit));
  }

  /** A number is looked at as its digits, and becomes a token as a whole. */
  number(holder: Holder, key: Key, at: string, value: number, field: string, record: TreatedRecord): void {
    const [hit] = detectNumber(value, field);
    if (hit === undefined) return;
    const text = String(value);
    if (this.onHit === 'tokenize') record.tokenizeSpans(holder, key, at, text, [hit]);
    else this.speakAgainst(record).push(fault(at, hit));
  }

  /**
   * A key cannot become a token, so one that names a person is not taken in. The fault is at the object: it does not repeat the key.
   *
   * @returns the key as a part of a JSON pointer, `/key`; undefined where it is not taken in
   */
  key(name: string, parent: string, record: TreatedRecord): string | undefined {
    const suffix = this.suffixOfClean(name);
    if (suffix !== undefined) return suffix;
    const detector = detect(name, '')[0]?.detector ?? 'a person';
    this.speakAgainst(record).push({ at: cut(parent), code: 'personal-data', detail: `has a key that holds what looks like ${detector}: put it into a value, where it can become a token` });
    return undefined;
  }

  /** Names of methods, views and places, which come with every record: known ones are not looked at again. */
  name(value: string, at: string, record: TreatedRecord): void {
    if (this.suffixOfClean(value) === undefined) for (const hit of detect(value, '')) record.faults.push(fault(at, hit));
  }

  /** Ids stand in lists, links and other systems, and cannot become tokens there. */
  identifier(value: string, at: string, record: TreatedRecord): void {
    for (const hit of detectInIdentifier(value)) record.faults.push(fault(at, hit));
  }

  private suffixOfClean(name: string): string | undefined {
    const known = this.cleanNames.get(name);
    if (known !== undefined) return known;
    if (detect(name, '').length > 0) return undefined;
    const suffix = `/${escapePointer(name)}`;
    if (this.cleanNames.size < MAX_CLEAN_NAMES && name.length <= MAX_CLEAN_NAME_LENGTH) this.cleanNames.set(name, suffix);
    return suffix;
  }

  private speakAgainst(record: TreatedRecord): Fault[] {
    return this.onHit === 'quarantine' ? record.doubts : record.faults;
  }
}

function fault(at: string, { detector, offset, length }: Hit): Fault {
  return { at: cut(at), code: 'personal-data', detail: `holds what looks like ${detector} (${length} characters from ${offset} on): leave it out, or have the contract tokenize the field` };
}
