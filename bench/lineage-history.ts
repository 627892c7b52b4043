import type { Prediction } from '../src/predictions/prediction.ts';

/** A request as the holder of a role's key. */
export type Call = (method: string, path: string, role: string, body?: unknown) => Promise<string>;

export const MODELS = ['credit-risk', 'credit-fraud', 'churn'];
export const VERSIONS = ['1.0.0', '2.0.0', '3.0.0', '3.1.0'];
/** Registered, and approved by nobody: what it made is an exception. */
const UNAPPROVED = '3.1.0';
const DIGEST = `sha256:${'5'.repeat(64)}`;
const PER_SUBJECT = 50;
const PARENT_WITHIN = 1000;

/**
 * The nth of a log of `size` predictions, the same each time: of three models and twelve versions, one in a hundred of a version that nobody approved, 3 % shadow or canary,
 * shadows under the trace of a live one, one in ten with parents, each with feature views, and fifty of each data subject.
 */
export function nthPrediction(n: number, size: number): Prediction {
  const model = MODELS[n % 3] as string;
  const version = share(n, 1) < 0.01 ? UNAPPROVED : (VERSIONS[Math.floor(share(n, 2) * 3)] as string);
  const where = share(n, 3);
  const deployment = where < 0.02 ? 'shadow' : where < 0.03 ? 'canary' : 'live';
  const decided = share(n, 4);
  const parents = n > PARENT_WITHIN && share(n, 5) < 0.1 ? [idOf(n - 1 - Math.floor(share(n, 6) * PARENT_WITHIN))] : undefined;
  const request = deployment === 'shadow' && n > 0 ? n - 1 : n;
  return {
    id: idOf(n), model, version, subject: `customer-${Math.floor(share(n, 7) * Math.ceil(size / PER_SUBJECT))}`,
    inputs: { age: 18 + (n % 70), income: Math.floor(share(n, 8) * 1e5) }, output: { score: Math.round(share(n, 9) * 1e4) / 1e4, ...(model === 'credit-risk' && { label: 'default' }) },
    decision: { outcome: decided < 0.005 ? 'referred' : decided < 0.3 ? 'declined' : 'approved', threshold: 0.5, reasons: ['income'], automated: true },
    features: [{ view: `${model}_features`, version: '7' }, { view: 'bureau', version: String(n % 3) }], deployment,
    trace: `00-${request.toString(16).padStart(32, '0')}-${n.toString(16).padStart(16, '0')}-01`, ...(parents !== undefined && { parents }),
  };
}

export function idOf(n: number): string {
  return `p-${n}`;
}

/** Registers the versions, and lets all but one of each model run. */
export async function registerVersions(call: Call): Promise<void> {
  for (const model of MODELS) {
    for (const version of VERSIONS) {
      await call('POST', `/v1/models/${model}/versions`, 'model-approver', {
        version, artifact: { digest: DIGEST }, training: [{ name: `${model}-history`, version, digest: DIGEST }], evaluation: [{ name: 'held-out', version: '1', digest: DIGEST }],
        code: { repository: 'git:models', commit: `c0ffee${version.replaceAll('.', '')}` }, features: [{ view: `${model}_features`, version: '7' }], intendedUse: 'To be measured.', owner: 'risk',
      });
      if (version === UNAPPROVED) continue;
      await call('POST', `/v1/models/${model}/versions/${version}/approvals`, 'model-approver-2', { decision: 'approve', reason: 'as it was judged' });
      await call('POST', `/v1/models/${model}/versions/${version}/deployments`, 'operator', { deployment: 'live', reason: 'the release' });
    }
  }
}

/** What is told of one in 250 of a chunk: outcomes, and reviews, of which some override. */
export async function tellOf(call: Call, from: number, to: number): Promise<void> {
  const told: Promise<string>[] = [];
  for (let n = from; n < to; n += 250) {
    const of = `/v1/predictions/${idOf(n)}`;
    if (share(n, 10) < 0.7) told.push(call('POST', `${of}/outcomes`, 'producer', { id: `o-${n}`, outcome: { score: 1 }, observed: '2027-01-01T00:00:00Z' }));
    else told.push(call('POST', `${of}/reviews`, 'reviewer', share(n, 11) < 0.5 ? { id: `r-${n}`, verdict: 'upheld', reason: 'looked at again' } : { id: `r-${n}`, verdict: 'overridden', decision: { outcome: 'approved' }, reason: 'looked at again' }));
  }
  await Promise.all(told);
}

/** Evenly from 0 to 1, the same each time (mulberry32 of the two numbers). */
function share(n: number, salt: number): number {
  let t = (Math.imul(n ^ (salt * 0x9e3779b1), 0x85ebca6b) + 0x6d2b79f5) | 0;
  t = Math.imul(t ^ (t >>> 15), 1 | t);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
}
