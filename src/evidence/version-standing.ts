import { textOf, wordOf, type ReadFact } from './fact.ts';

/** How a version of a model stands. */
export type Standing = 'approved' | 'registered' | 'rejected' | 'withdrawn' | 'retired' | 'unknown';

interface Version {
  registered: number | null;
  registrant: string | null;
  judged: { standing: 'approved' | 'rejected' | 'withdrawn'; index: number } | null;
  /** In the log's order; from and to in ms since 1970. */
  deployments: { retired: boolean; from: number; to: number | null }[];
}

/** What the log has said of versions so far, by model and version. */
export type Versions = Record<string, Version>;

export const VERSION_TYPES = ['model-version-registered', 'model-version-approved', 'model-version-rejected', 'model-version-approval-withdrawn', 'model-deployed'] as const;

const JUDGED = { 'model-version-approved': 'approved', 'model-version-rejected': 'rejected', 'model-version-approval-withdrawn': 'withdrawn' } as const;

/** Takes up what an entry says of a version (docs/spec/payloads.md#model-deployed). */
export function noteVersion(versions: Versions, { type, index, time, payload: { body, principal } }: ReadFact): void {
  const version = (versions[keyOf(wordOf(body, 'model'), wordOf(body, 'version'))] ??= { registered: null, registrant: null, judged: null, deployments: [] });
  if (type === 'model-version-registered') {
    version.registered ??= index;
    version.registrant ??= principal;
  } else if (type === 'model-deployed') {
    const [from, to] = [textOf(body, 'from'), textOf(body, 'to')];
    // It holds from the later of its own word and its entry on: what it says of the time before, nobody knew then.
    version.deployments.push({ retired: textOf(body, 'deployment') === 'retired', from: from === undefined ? time : Math.max(time, Date.parse(from)), to: to === undefined ? null : Date.parse(to) });
  } else if (Object.hasOwn(JUDGED, type)) {
    version.judged = { standing: JUDGED[type as keyof typeof JUDGED], index };
  }
}

/** How a version stands at a time, by what the log said before. */
export function standingOf(versions: Versions, model: string, version: string, time: number): { standing: Standing; approval: number | null } {
  const known = versions[keyOf(model, version)];
  if (known === undefined || known.registered === null) return { standing: 'unknown', approval: null };
  if (known.judged === null) return { standing: 'registered', approval: null };
  const { standing, index } = known.judged;
  if (standing !== 'approved') return { standing, approval: null };
  const last = known.deployments.findLast(({ from }) => from <= time);
  return { standing: last?.retired === true && (last.to === null || last.to > time) ? 'retired' : 'approved', approval: index };
}

export function keyOf(model: string, version: string): string {
  return JSON.stringify([model, version]);
}
