import { setTimeout as sleep } from 'node:timers/promises';
import { ProofFailure } from './proof.ts';

type Json = Record<string, unknown>;
/** A request as the holder of a role's key. */
export type Call = (method: string, path: string, role: string, body?: unknown, accept?: string) => Promise<{ status: number; text: string }>;

const MODELS = ['credit-risk', 'credit-fraud', 'churn'];
const VERSIONS = ['1', '2', '3', '4'];
const DIGEST = `sha256:${'5'.repeat(64)}`;
const BATCH = 500;

/** A generator of numbers that is the same each time (mulberry32). */
export function drawer(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/**
 * Lives through a history over HTTP: versions that are registered, approved, rejected and withdrawn while predictions come
 * in, deployments and roll backs, parents of which some are not there, shadows of live requests, outcomes, overrides and
 * corrections.
 *
 * @param predictions how many, in batches between which something changes
 */
export async function liveThrough(call: Call, predictions: number, say: (line: string) => void): Promise<void> {
  const draw = drawer(7);
  const must = async (method: string, path: string, role: string, body?: unknown): Promise<string> => {
    for (;;) {
      const { status, text } = await call(method, path, role, body);
      if (status === 429) await sleep(200);
      else if (status >= 300 && status !== 409) throw new ProofFailure(`${method} ${path}: ${status} ${text}`);
      else return text;
    }
  };
  const pick = <T>(list: readonly T[]): T => list[Math.floor(draw() * list.length)] as T;
  for (const [m, model] of MODELS.entries()) {
    for (const [v, version] of VERSIONS.entries()) {
      // One version that nobody registers, and one that nobody decides on for long.
      if (m === 2 && v === 3) continue;
      const form = {
        version, artifact: { digest: DIGEST }, training: [{ name: `set-${(m + v) % 4}`, version: `${v}`, digest: DIGEST }], evaluation: [{ name: 'held-out', version: '1', digest: DIGEST }],
        code: { repository: 'git:models', commit: `c0de${(m * 4 + v) % 5}` }, features: [{ view: `view_${v % 2}`, version: '1' }], intendedUse: 'To be proved.', owner: 'risk',
      };
      await must('POST', `/v1/models/${model}/versions`, 'model-approver', form);
    }
  }
  const decide = (model: string, version: string, decision: string): Promise<string> => must('POST', `/v1/models/${model}/versions/${version}/approvals`, 'model-approver-2', { decision, reason: 'as it was judged' });
  for (const model of MODELS) for (const version of VERSIONS.slice(0, 2)) await decide(model, version, 'approve');
  const rounds = Math.ceil(predictions / BATCH);
  for (let round = 0; round < rounds; round++) {
    const records: Json[] = [];
    for (let n = round * BATCH; n < Math.min(predictions, (round + 1) * BATCH); n++) records.push(...recordOf(n, draw, pick));
    await must('POST', '/v1/predictions/batch', 'producer', records.slice(0, BATCH));
    if (round % 3 === 0) await change(round, draw, pick, must, decide);
    await tell(round, draw, must);
    if (round % 40 === 39) say(`${(round + 1) * BATCH} predictions`);
  }
}

/** The nth prediction, and now and then a shadow of the same request, which then stands for the next. */
function recordOf(n: number, draw: () => number, pick: <T>(list: readonly T[]) => T): Json[] {
  const model = pick(MODELS);
  const parents = draw() < 0.3 && n > 0 ? [...new Set(Array.from({ length: 1 + Math.floor(draw() * 2) }, () => (draw() < 0.02 ? `missing-${n}` : `n-${Math.max(0, n - 1 - Math.floor(draw() ** 3 * 5000))}`)))] : undefined;
  const numbers = { score: Math.round(draw() * 1e4) / 1e4 };
  return [{
    id: `n-${n}`, model, version: pick(VERSIONS), ...(draw() < 0.8 && { subject: `customer-${Math.floor(draw() * 20_000)}` }),
    inputs: model === 'credit-risk' ? { age: 18 + Math.floor(draw() * 80), income: Math.floor(draw() * 1e5) } : { amount: Math.floor(draw() * 1e4) },
    output: model === 'credit-risk' ? { ...numbers, label: 'default' } : numbers, decision: { outcome: draw() < 0.5 ? 'approved' : 'declined', reasons: ['income'], threshold: 0.5, automated: draw() < 0.9 },
    // Some clocks are late, and a few are ahead.
    ...(draw() < 0.3 && { time: new Date(Date.now() + (draw() < 0.05 ? 60_000 : -1000 * Math.floor(draw() * 1000))).toISOString() }),
    ...(parents !== undefined && { parents }), ...(draw() < 0.5 && { features: [{ view: `view_${Math.floor(draw() * 3)}`, version: '1', asOf: '2026-11-01T00:00:00Z' }] }),
    deployment: draw() < 0.05 ? 'shadow' : 'live', ...(draw() < 0.2 && { trace: `00-${Math.floor(n / 3).toString(16).padStart(32, '0')}-${'1'.repeat(16)}-01` }),
  }];
}

async function change(
  round: number, draw: () => number, pick: <T>(list: readonly T[]) => T, must: (method: string, path: string, role: string, body?: unknown) => Promise<string>, decide: (model: string, version: string, decision: string) => Promise<string>,
): Promise<void> {
  const [model, version] = [pick(MODELS), pick(VERSIONS)];
  const isRegistered = !(model === MODELS[2] && version === '4');
  if (!isRegistered) return;
  const what = draw();
  if (what < 0.6) await decide(model, version, pick(['approve', 'withdraw', 'reject']));
  // A roll back is the deployment of an earlier version.
  else await must('POST', `/v1/models/${model}/versions/${version}/deployments`, 'operator', what < 0.9 ? { deployment: 'live', reason: `release ${round}` } : { deployment: 'retired', reason: `end ${round}` }).catch(() => '');
}

async function tell(round: number, draw: () => number, must: (method: string, path: string, role: string, body?: unknown) => Promise<string>): Promise<void> {
  const told: Promise<string>[] = [];
  for (let n = 0; n < 6; n++) {
    const of = `n-${Math.floor(draw() * round * BATCH)}`;
    const id = `t-${round}-${n}`;
    const kind = n < 3 ? 'outcomes' : n < 5 ? 'reviews' : 'corrections';
    const body =
      kind === 'outcomes' ? { id, outcome: { score: 1 }, observed: '2027-01-01T00:00:00Z' }
      : kind === 'reviews' ? (draw() < 0.5 ? { id, verdict: 'overridden', decision: { outcome: 'approved' }, reason: 'looked at again' } : { id, verdict: 'upheld', reason: 'looked at again' })
      : { id, changes: { output: { score: 0.25 } }, reason: 'handed in wrong' };
    if (round > 0) told.push(must('POST', `/v1/predictions/${of}/${kind}`, kind === 'reviews' ? 'reviewer' : 'producer', body));
  }
  await Promise.all(told);
}
