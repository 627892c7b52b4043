import type { JsonValue } from '../core/json-value.ts';
import type { Fault } from '../http/problem.ts';
import type { Hit } from './hit.ts';
import type { Original } from '../vault/original.ts';
import type { HandledHit, Handling } from './judgement.ts';

/** An object or an array whose member can be replaced. */
export type Holder = { [name: string]: JsonValue } | JsonValue[];
export type Key = string | number;
type Done = 'tokenized' | 'masked' | 'generalized' | 'redacted' | 'dropped';

/**
 * What is to be done to one record, gathered while it is walked and done only once nothing speaks against taking it in:
 * a record that is refused or quarantined stays as it was sent.
 */
export class TreatedRecord {
  /** What speaks against it. */
  readonly faults: Fault[] = [];
  /** What puts it into quarantine. */
  readonly doubts: Fault[] = [];
  readonly originals: Original[] = [];
  /** The members of the record in which something is done, in order. */
  readonly touched: string[] = [];
  private readonly changes: (() => void)[] = [];
  private readonly handling: Handling = {};
  private treated = false;
  private within = '';
  readonly hasSubject: boolean;

  constructor(hasSubject: boolean) {
    this.hasSubject = hasSubject;
  }

  /** What comes is done within this member of the record. */
  enter(name: string): void {
    this.within = name;
  }

  /** The year in which the record is taken in, not the one that it says of itself. */
  get year(): number {
    return new Date().getUTCFullYear();
  }

  /** A whole value becomes a token. */
  tokenize(holder: Holder, key: Key, at: string, how: { mode: 'random' | 'deterministic'; across: 'subject' | 'log' }): void {
    const value = member(holder, key);
    const { mode, across } = how;
    // Without a subject there is nothing within which a token could be the same.
    const linked = mode === 'deterministic' && (across === 'log' || this.hasSubject);
    this.originals.push({ at, value, mode: linked ? mode : 'random', across, put: (token) => setMember(holder, key, token) });
    this.note('tokenized', at);
  }

  /** Each hit in a text becomes a token of its own; what is between them stays. */
  tokenizeSpans(holder: Holder, key: Key, at: string, text: string, hits: readonly Hit[]): void {
    const pieces: string[] = [];
    let end = 0;
    for (const { detector, offset, length } of hits) {
      // Hits come in order and never overlap; one that did would leave a part of itself in the text.
      const slot = pieces.push(text.slice(end, offset), '') - 1;
      const value = text.slice(offset, offset + length);
      end = offset + length;
      this.originals.push({
        at, value, mode: 'random', across: 'subject',
        put: (token) => {
          pieces[slot] = token;
          setMember(holder, key, pieces.join(''));
        },
      });
      this.noteHit({ at, detector, offset, length, did: 'tokenized' });
    }
    pieces.push(text.slice(end));
  }

  /** A value is replaced by what is made of it. */
  replace(holder: Holder, key: Key, at: string, value: JsonValue, done: 'masked' | 'generalized' | 'redacted'): void {
    this.changes.push(() => setMember(holder, key, value));
    this.note(done, at);
  }

  drop(holder: { [name: string]: JsonValue }, name: string, at: string): void {
    this.changes.push(() => Reflect.deleteProperty(holder, name));
    this.note('dropped', at);
  }

  /** A field that the contract does not know: only counted, its name may say as much as its value. */
  dropUnknown(holder: { [name: string]: JsonValue }, name: string): void {
    this.changes.push(() => Reflect.deleteProperty(holder, name));
    this.handling.droppedUnknown = (this.handling.droppedUnknown ?? 0) + 1;
    this.touch();
  }

  /** Does what was gathered. */
  settle(): Handling | undefined {
    for (const change of this.changes) change();
    return this.treated ? this.handling : undefined;
  }

  private note(done: Done, at: string): void {
    const list = this.handling[done];
    if (list === undefined) this.handling[done] = [at];
    else list.push(at);
    this.touch();
  }

  private noteHit(hit: HandledHit): void {
    if (this.handling.hits === undefined) this.handling.hits = [hit];
    else this.handling.hits.push(hit);
    this.touch();
  }

  private touch(): void {
    this.treated = true;
    if (this.touched[this.touched.length - 1] !== this.within) this.touched.push(this.within);
  }
}

export function member(holder: Holder, key: Key): JsonValue {
  return (holder as Record<Key, JsonValue>)[key] as JsonValue;
}

function setMember(holder: Holder, key: Key, value: JsonValue): void {
  (holder as Record<Key, JsonValue>)[key] = value;
}
