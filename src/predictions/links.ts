import type { PredictionColumns } from '../ledger/entry-draft.ts';
import type { Prediction } from './prediction.ts';

/** W3C Trace Context, version 00: all predictions of one request share the trace id, and have spans of their own. */
const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/;

/** What ties predictions of one request together: the trace's id where it is a traceparent, else the whole of it. */
export function requestOf(trace: string): string {
  return TRACEPARENT.exec(trace)?.[1] ?? trace;
}

/** By what a prediction hangs together with others. Each link stands once. */
export function linksOf({ parents, features, trace }: Prediction): Pick<PredictionColumns, 'request' | 'parents' | 'features'> {
  return {
    request: trace === undefined ? undefined : requestOf(trace),
    parents: parents === undefined || parents.length === 0 ? undefined : parents,
    features: features === undefined || features.length === 0 ? undefined : viewsOf(features),
  };
}

/** Two readings of one view as of two times are one link. No name holds a space. */
function viewsOf(features: NonNullable<Prediction['features']>): string[] {
  const views = features.map(({ view, version }) => (version === undefined ? view : `${view} ${version}`));
  return views.length === 1 ? views : [...new Set(views)];
}
