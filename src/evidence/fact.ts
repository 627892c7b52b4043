import type { JsonValue } from '../core/json-value.ts';

/** What an entry says, as far as it can still be opened. */
export interface Fact {
  readonly index: number;
  /** Entry time, ms since 1970. */
  readonly time: number;
  /** The same, as the entry has it. */
  readonly at: string;
  readonly type: string;
  /** The digest of the policy in force, hex. */
  readonly policy: string;
  /** Undefined where the payload is gone. */
  readonly payload: FactPayload | undefined;
  /** Why there is no payload: erased with authority, lost with a tail as a `log-recovered` entry says, or nothing says why. */
  readonly gone: 'erased' | 'lost' | 'missing' | undefined;
  /** What is wrong with the entry, by itself or in its place. */
  readonly fault: { readonly code: string; readonly detail: string } | undefined;
}

/** A fact whose payload can be read. */
export type ReadFact = Fact & { readonly payload: FactPayload };

export interface FactPayload {
  readonly v: number;
  readonly principal: string;
  readonly rule: string;
  readonly contract: string | null;
  readonly body: Readonly<Record<string, JsonValue>>;
}

/** A member that is a string; undefined otherwise. Versions of a body differ in what they have. */
export function textOf(value: JsonValue | undefined, name: string): string | undefined {
  const member = memberOf(value, name);
  return typeof member === 'string' ? member : undefined;
}

export function numberOf(value: JsonValue | undefined, name: string): number | undefined {
  const member = memberOf(value, name);
  return typeof member === 'number' ? member : undefined;
}

export function truthOf(value: JsonValue | undefined, name: string): boolean | undefined {
  const member = memberOf(value, name);
  return typeof member === 'boolean' ? member : undefined;
}

/** A member that is a list; empty otherwise. */
export function listOf(value: JsonValue | undefined, name: string): readonly JsonValue[] {
  const member = memberOf(value, name);
  return Array.isArray(member) ? member : [];
}

/** A member that is a list of texts; what is no text in it is left out. */
export function textsOf(value: JsonValue | undefined, name: string): string[] {
  return listOf(value, name).filter((each) => typeof each === 'string');
}

export function memberOf(value: JsonValue | undefined, name: string): JsonValue | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

/** As `textOf`, for a cell of a row. */
export function textCell(value: JsonValue | undefined, name: string): string | null {
  return textOf(value, name) ?? null;
}

/** As `textOf`, for what is always there. */
export function wordOf(value: JsonValue | undefined, name: string): string {
  return textOf(value, name) ?? '';
}

export function numberCell(value: JsonValue | undefined, name: string): number | null {
  return numberOf(value, name) ?? null;
}

/** As `numberOf`, for what is counted: 0 where it is not there. */
export function countOf(value: JsonValue | undefined, name: string): number {
  return numberOf(value, name) ?? 0;
}

export function truthCell(value: JsonValue | undefined, name: string): boolean | null {
  return truthOf(value, name) ?? null;
}
