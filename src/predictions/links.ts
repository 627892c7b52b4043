import type { PredictionLink } from '../ledger/entry-draft.ts';
import type { Prediction } from './prediction.ts';

/** W3C Trace Context, version 00: all predictions of one request share the trace id, and have spans of their own. */
const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/;

/** What ties predictions of one request together: the trace's id where it is a traceparent, else the whole of it. */
export function requestOf(trace: string): string {
  return TRACEPARENT.exec(trace)?.[1] ?? trace;
}

/** By what a prediction hangs together with others; undefined where by nothing. Each link stands once. */
export function linksOf({ parents, features, trace }: Prediction): PredictionLink[] | undefined {
  if (parents === undefined && features === undefined && trace === undefined) return undefined;
  const links: PredictionLink[] = (parents ?? []).map((name) => ({ kind: 'p', name, version: '' }));
  const seen = new Set<string>();
  for (const { view, version = '' } of features ?? []) {
    // Two readings of one view as of two times are one link. No name holds a space.
    const known = seen.size;
    if (seen.add(`${view} ${version}`).size > known) links.push({ kind: 'f', name: view, version });
  }
  if (trace !== undefined) links.push({ kind: 't', name: requestOf(trace), version: '' });
  return links;
}
