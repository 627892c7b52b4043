import type { ErrorObject, ValidateFunction } from 'ajv';
import { LineCounter, parseDocument, visit, type Document } from 'yaml';
import { PolicyError, type PolicyFault } from './policy-error.ts';

const MAX_FAULTS = 50;

/** A policy file that has the form which its schema gives, and where in it each value stands. */
export class PolicyFile<T> {
  readonly path: string;
  readonly value: T;
  private readonly document: Document;
  private readonly lines: LineCounter;

  constructor(path: string, value: T, document: Document, lines: LineCounter) {
    this.path = path;
    this.value = value;
    this.document = document;
    this.lines = lines;
  }

  /** The line of the value at a JSON pointer (RFC 6901); of the nearest one above it where there is none. */
  lineOf(pointer: string): number {
    return lineOf(this.document, this.lines, pointer);
  }

  /** A fault at a JSON pointer. */
  fault(pointer: string, message: string): PolicyFault {
    return { path: this.path, line: this.lineOf(pointer), message: pointer === '' ? message : `${pointer} ${message}` };
  }
}

/**
 * Reads one policy file: YAML without aliases, tags or double keys, of the form that the schema gives.
 *
 * @param validate compiled with `allErrors`, closed at every level
 * @throws PolicyError with every fault: file, line and mend
 */
export function readPolicyFile<T>(path: string, text: string, validate: ValidateFunction<T>): PolicyFile<T> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, strict: true, schema: 'core' });
  const faults = [...document.errors, ...document.warnings].map(({ linePos, message }) => ({ path, line: linePos?.[0].line ?? 1, message: `${(message.split('\n')[0] ?? 'is not YAML').replace(/ at line \d+, column \d+:$/, '')}: correct the YAML` }));
  if (faults.length > 0) throw new PolicyError(faults);
  const alias = firstAlias(document);
  if (alias !== undefined) throw new PolicyError([{ path, line: lines.linePos(alias).line, message: 'an alias: write the value out, so that a reader sees it where it counts' }]);
  const value: unknown = document.toJS();
  if (validate(value)) return new PolicyFile(path, value, document, lines);
  throw new PolicyError((validate.errors ?? []).slice(0, MAX_FAULTS).map((error) => formFault(path, document, lines, error)));
}

/** A fault that the schema found. A misspelt key stands at the key itself. */
function formFault(path: string, document: Document, lines: LineCounter, error: ErrorObject): PolicyFault {
  const { additionalProperty, allowedValues } = error.params as { additionalProperty?: string; allowedValues?: readonly unknown[] };
  const pointer = additionalProperty === undefined ? error.instancePath : `${error.instancePath}/${escapePointer(additionalProperty)}`;
  const message =
    additionalProperty !== undefined
      ? 'is not a word that is known here: correct or remove it'
      : `${error.message ?? 'is not right'}${allowedValues === undefined ? mendOf(error) : `: ${allowedValues.join(', ')}`}`;
  return { path, line: lineOf(document, lines, pointer), message: `${pointer || '/'} ${message}` };
}

/** What would mend a fault of form: as the schema says (`mend`, where it is compiled with `verbose`), else by the kind of the fault. */
function mendOf({ keyword, parentSchema }: ErrorObject): string {
  const mend = (parentSchema as { mend?: string } | undefined)?.mend;
  if (mend !== undefined) return `: ${mend}`;
  return keyword === 'required' ? ': add it' : '';
}

/** RFC 6901: a name as a part of a pointer. */
export function escapePointer(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}

function lineOf(document: Document, lines: LineCounter, pointer: string): number {
  const parts = pointer.split('/').slice(1).map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  let node: unknown = document.contents;
  let line = offsetOf(node);
  for (const part of parts) {
    const next = childOf(node, part);
    if (next === undefined) break;
    line = next.offset ?? line;
    node = next.value;
  }
  return line === undefined ? 1 : lines.linePos(line).line;
}

/** A map's pair or a sequence's item, by duck type: `yaml` gives each node its range. */
function childOf(node: unknown, part: string): { offset: number | undefined; value: unknown } | undefined {
  if (typeof node !== 'object' || node === null || !('items' in node) || !Array.isArray(node.items)) return undefined;
  const items = node.items as unknown[];
  const pair = items.find((item) => isPair(item) && String((item.key as { value?: unknown } | null)?.value) === part);
  if (isPair(pair)) return { offset: offsetOf(pair.key), value: pair.value };
  const item = /^\d+$/.test(part) ? items[Number(part)] : undefined;
  return item === undefined || isPair(item) ? undefined : { offset: offsetOf(item), value: item };
}

function isPair(item: unknown): item is { key: unknown; value: unknown } {
  return typeof item === 'object' && item !== null && 'key' in item && 'value' in item;
}

function offsetOf(node: unknown): number | undefined {
  const range = typeof node === 'object' && node !== null && 'range' in node ? (node.range as [number] | null | undefined) : undefined;
  return range?.[0];
}

/** The offset of the first alias in a document, if it has any. */
function firstAlias(document: Document): number | undefined {
  let offset: number | undefined;
  visit(document, {
    Alias: (_key, alias) => {
      offset = alias.range?.[0] ?? 0;
      return visit.BREAK;
    },
  });
  return offset;
}
