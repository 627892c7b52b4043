/**
 * What was decided on a model version, where it ran, and so how it stood at a moment. The one place that says so; the
 * functions `model_decided` and `model_deployed` (migrations/) say the same of many rows at once.
 */

export type Decided = 'unknown' | 'registered' | 'approved' | 'rejected' | 'withdrawn';
export type Deployment = 'live' | 'shadow' | 'canary' | 'retired';

/** Where an entry stands. Of a log and one that it succeeds, the successor's number is the higher one. */
export interface FactPlace {
  readonly log: number;
  readonly index: number;
  /** Entry time, ms since 1970. */
  readonly time: number;
}

export interface DecisionFact extends FactPlace {
  readonly decision: 'approved' | 'rejected' | 'withdrawn';
}

export interface DeploymentFact extends FactPlace {
  readonly version: string;
  readonly deployment: Deployment;
  /** Ten-thousandths of the traffic that is decided on; null: none. */
  readonly share: number | null;
  /** ms since 1970: at or after, and before. */
  readonly from: number;
  readonly to: number | null;
}

/** All that a log and those that it succeeds say of one model, in their order. */
export interface ModelHistory {
  readonly versions: ReadonlyMap<string, { readonly registered: FactPlace; readonly decisions: readonly DecisionFact[] }>;
  readonly deployments: readonly DeploymentFact[];
}

/**
 * When: at a time, by what was known then; or at a time, by what was known just before an entry.
 */
export interface Moment {
  /** ms since 1970. */
  readonly time: number;
  readonly before?: { readonly log: number; readonly index: number };
}

/** The share of one that takes the place of every other live or canary version. */
export const WHOLE = 10_000;

export interface Standing {
  /** `retired`: approved, and deployed as retired. */
  readonly standing: Decided | 'retired';
  readonly decided: Decided;
  /** Undefined: it ran nowhere. */
  readonly deployed: DeploymentFact | undefined;
}

/** How a version stood at a moment. @param history of its model; undefined: there is none */
export function standingAt(history: ModelHistory | undefined, version: string, moment: Moment): Standing {
  const decided = decidedAt(history, version, moment);
  const deployed = decided === 'unknown' ? undefined : deployedAt(history?.deployments ?? [], moment).get(version);
  return { standing: decided === 'approved' && deployed?.deployment === 'retired' ? 'retired' : decided, decided, deployed };
}

function decidedAt(history: ModelHistory | undefined, version: string, moment: Moment): Decided {
  const facts = history?.versions.get(version);
  if (facts === undefined || !isKnown(facts.registered, moment)) return 'unknown';
  return facts.decisions.findLast((fact) => isKnown(fact, moment))?.decision ?? 'registered';
}

/**
 * What of a model ran at a moment, retired versions too: the last word on each version holds, and who is live with the whole
 * of the traffic takes the place of what was live or canary before.
 */
export function deployedAt(deployments: readonly DeploymentFact[], moment: Moment): Map<string, DeploymentFact> {
  const deployed = new Map<string, DeploymentFact>();
  for (const fact of deployments) {
    if (fact.from > moment.time || !isKnown(fact, moment)) continue;
    if (takesOver(fact)) {
      for (const [version, { deployment }] of deployed) if (deployment === 'live' || deployment === 'canary') deployed.delete(version);
    }
    deployed.set(fact.version, fact);
  }
  for (const [version, { to }] of deployed) if (to !== null && to <= moment.time) deployed.delete(version);
  return deployed;
}

/** The next time after `time` at which a deployment begins or ends; undefined where none does. */
export function nextTurn(deployments: readonly DeploymentFact[], time: number): number | undefined {
  let next: number | undefined;
  for (const { from, to } of deployments) {
    for (const turn of [from, to]) if (turn !== null && turn > time && (next === undefined || turn < next)) next = turn;
  }
  return next;
}

/** Ten-thousandths of the traffic that are given away at a moment. */
export function sharesAt(deployments: readonly DeploymentFact[], moment: Moment): number {
  let sum = 0;
  for (const { share } of deployedAt(deployments, moment).values()) sum += share ?? 0;
  return sum;
}

function takesOver({ deployment, share }: DeploymentFact): boolean {
  return deployment === 'live' && share === WHOLE;
}

/** Whether a fact had been entered. */
function isKnown({ log, index, time }: FactPlace, { time: at, before }: Moment): boolean {
  if (before === undefined) return time <= at;
  return log === before.log ? index < before.index : log < before.log;
}
