import { Problem } from '../http/problem.ts';

/** What predictions are filtered by. */
export interface PredictionFilter {
  model?: string | undefined;
  version?: string | undefined;
  /** decision.outcome */
  outcome?: string | undefined;
  deployment?: string | undefined;
  /** Who handed it in: opaque id. */
  principal?: string | undefined;
  /** Bits of exception-words.ts, of which one at least is set. */
  exceptions?: number | undefined;
  /** The data subject's opaque id in the log, 12 bytes. */
  subject?: Buffer | undefined;
  /** Entry time in ms since 1970: at or after, and before. */
  from?: number | undefined;
  to?: number | undefined;
}

export type FilterName = Exclude<keyof PredictionFilter, 'from' | 'to'>;

/** What finds the rows of a combination: an index of its own, or whatever stands in the window of time. */
export type Source = 'window' | 'version' | 'model' | 'decision' | 'deployment' | 'exceptions' | 'subject';

interface Combination {
  source: Source;
  by: readonly FilterName[];
  /** What may be asked besides: the rows that the index finds are few enough to be looked through. */
  besides: readonly FilterName[];
}

const ALL: readonly FilterName[] = ['model', 'version', 'outcome', 'deployment', 'principal', 'exceptions'];

/** The combinations that need no window of time; one may narrow each. Where several fit, the first finds the fewest rows. */
export const COMBINATIONS: readonly Combination[] = [
  { source: 'subject', by: ['subject'], besides: ALL },
  { source: 'exceptions', by: ['exceptions'], besides: ['model', 'version', 'outcome', 'deployment', 'principal'] },
  { source: 'deployment', by: ['deployment'], besides: ['model', 'version'] },
  { source: 'version', by: ['model', 'version'], besides: [] },
  { source: 'decision', by: ['model', 'outcome'], besides: [] },
  { source: 'model', by: ['model'], besides: [] },
  { source: 'window', by: [], besides: [] },
];

/** Nearly every prediction is live: no index finds those. */
const LIVE = 'live';

/** What finds the rows: of a combination with an index, that; of any other, the window of time. */
export function sourceOf(filter: PredictionFilter): { source: Source; indexed: boolean } {
  const asked = new Set([...ALL, 'subject' as const].filter((name) => filter[name] !== undefined));
  const fitting = COMBINATIONS.find(({ source, by, besides }) => {
    if (source === 'deployment' && filter.deployment === LIVE) return false;
    return by.every((name) => asked.has(name)) && [...asked].every((name) => by.includes(name) || besides.includes(name));
  });
  return fitting === undefined ? { source: 'window', indexed: false } : { source: fitting.source, indexed: true };
}

/**
 * Lets a combination without an index through only with a window of time, so that nobody walks through a whole log by mistake.
 *
 * @throws Problem `window-needed`
 */
export function requireWindow(filter: PredictionFilter): void {
  if (sourceOf(filter).indexed || filter.from !== undefined) return;
  throw new Problem('window-needed', 'No index finds this combination of filters: add `from` (and `to`), or leave filters out.', {
    errors: [{ at: 'from', code: 'missing-field', detail: 'is needed here: without it, model, model with version, model with decision, deployment (but live), exception and subject can be asked for' }],
  });
}
