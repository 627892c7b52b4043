import { all, at, grouped, indices, orNull, tallied, within, type Counted, type Range, type Read, type Recount } from './counting.ts';
import type { Json } from './raw-facts.ts';

const DAY = 86_400_000;
const CREDENTIALS = ['api-key-issued', 'api-key-rotated', 'api-key-revoked', 'person-registered', 'person-revoked'];
const SEEN = ['access-decision', 'detokenization', 'subject-report-issued', 'evidence-downloaded'];

/** Who got in, what they saw, and who looked after it. */
export const recountAccess: Record<string, Recount> = {
  'access-decisions': (range) => {
    const facts = within(range, ...SEEN);
    const known = (principal: string, before: number, ...types: string[]): boolean => all(range, ...types).some(({ index, payload }) => index < before && payload.body['principal'] === principal);
    const allowed = facts.filter(({ type, payload }) => type !== 'access-decision' || payload.body['outcome'] === 'allow');
    const reasons = allowed.flatMap(({ index, payload: { principal, rule } }) => [
      rule === 'none' && 'allowed-without-rule', !known(principal, index, 'api-key-issued', 'person-registered') && 'unknown-principal', known(principal, index, 'person-revoked') && 'after-revocation',
    ]);
    return { rows: facts.map(({ index, type, payload }) => ({ index, principal: payload.principal, outcome: type === 'access-decision' ? payload.body['outcome'] : 'allow', of: orNull(at(payload.body, 'of', 'index')) })), reasons: tallied(reasons) };
  },
  'credential-changes': (range) => ({ rows: within(range, ...CREDENTIALS).map(({ index, type }) => ({ index, change: type })), reasons: tallied(within(range, 'api-key-issued').map(({ payload }) => payload.principal === payload.body['principal'] && 'to-oneself')) }),
  'access-matrix': (range) => {
    const given = all(range, 'api-key-issued', 'api-key-rotated', 'person-registered');
    const rows = given.map(({ index, time, type, payload: { body } }) => {
      const later = all(range, 'api-key-revoked', 'api-key-rotated', 'person-revoked').filter((fact) => fact.index > index && fact.payload.body['principal'] === body['principal']);
      const isEnded = later.some((fact) => fact.type === 'person-revoked' || (fact.type === 'api-key-revoked' && fact.payload.body['prefix'] === body['prefix']));
      const exchanged = later.find((fact) => fact.type === 'api-key-rotated' && fact.payload.body['from'] === body['prefix']);
      const expires = (exchanged?.payload.body['until'] ?? body['expires']) as string | undefined;
      return { index, method: type === 'person-registered' ? 'identity-provider' : String(body['prefix']).startsWith('crt_') ? 'certificate' : 'api-key', valid: !isEnded && (expires === undefined || Date.parse(expires) > range.asOf), ageDays: Math.floor((range.asOf - time) / DAY) };
    });
    return { rows, reasons: tallied(rows.map(({ method, valid, ageDays }) => valid && method !== 'identity-provider' && ageDays > Number(range.parameters['maxKeyAgeDays']) && 'key-too-old')) };
  },
  refusals: (range) => ({ rows: within(range, 'access-totals').flatMap(({ index, payload: { body } }) => (body['counts'] as Json[]).map(({ what, subject, reason, count, total }) => ({ index, number: body['number'], what, subject, reason, count, total }))), reasons: {} }),
  disclosures: (range) => ({
    rows: within(range, ...SEEN).filter(isShown).map(({ index, type, payload: { body } }) => ({ index, things: type === 'detokenization' ? body['tokens'] : type === 'subject-report-issued' ? body['predictions'] : 1 })),
    reasons: tallied(within(range, 'detokenization').map(({ payload }) => payload.body['purpose'] === undefined && 'without-purpose')),
  }),
  'accounting-of-disclosures': (range) => {
    const rows = disclosed(range);
    return { rows: rows.map(({ index, subject, exemption, suspended, accountable }) => ({ index, subject, exemption, accountable, suspendedUntil: suspended })), reasons: tallied(rows.map(({ accountable, purpose }) => accountable && purpose === null && 'no-purpose')) };
  },
  'accounts-by-individual': (range) => ({
    rows: grouped(disclosed(range), ({ subject }) => subject ?? '').map(([subject, each]) => ({
      subject: subject === '' ? null : subject, disclosures: each.length, accountable: each.filter(({ accountable }) => accountable).length, exempt: each.filter(({ exemption }) => exemption !== null).length,
      suspended: each.filter(({ exemption, suspended }) => exemption === null && suspended !== null).length, recipients: new Set(each.map(({ recipient }) => recipient)).size, withoutPurpose: each.filter(({ accountable, purpose }) => accountable && purpose === null).length,
      exemptions: [...new Set(each.flatMap(({ exemption }) => exemption ?? []))].sort().join(' ') || null,
    })),
    reasons: {},
  }),
  'activity-reviews': (range) => {
    const { parameters, from, to, asOf } = range;
    const reviews = all(range, 'activity-reviewed').map(({ index, payload: { body } }) => ({ index, from: Date.parse(String(at(body, 'period', 'from'))), to: Date.parse(String(at(body, 'period', 'to'))) }));
    const [every, grace] = [Number(parameters['everyDays']) * DAY, Number(parameters['withinDays']) * DAY];
    const rows = Array.from({ length: Math.ceil((to - from) / every) }, (_, i) => {
      const [begins, ends] = [from + i * every, Math.min(to, from + (i + 1) * every)];
      // Here no stretch is covered by several reviews together.
      return { review: orNull(reviews.find((review) => review.from <= begins && review.to >= ends)?.index), isOver: ends + grace <= asOf };
    });
    return { rows: rows.map(({ review }) => ({ review })), reasons: tallied(rows.map(({ review, isOver }) => review === null && isOver && 'overdue')) };
  },
  'break-glass': (range) => {
    const reviewed = all(range, 'break-glass-reviewed');
    const opened = within(range, 'break-glass-opened').map(({ index, time, payload }) => ({ index, time, by: payload.principal, review: reviewed.find(({ payload: { body } }) => body['id'] === payload.body['id']) }));
    const reasons = opened.flatMap(({ time, by, review }) => {
      const due = time + Number(range.parameters['reviewWithinDays']) * DAY;
      return review === undefined ? [due <= range.asOf && 'overdue'] : [review.time > due && 'reviewed-late', review.payload.principal === by && 'by-oneself', review.payload.body['verdict'] !== 'justified' && 'not-justified'];
    });
    return { rows: opened.map(({ index, review }) => ({ index, review: orNull(review?.index) })), reasons: tallied(reasons) };
  },
  'policy-activations': (range) => ({ rows: within(range, 'policy-activated').map(({ index, payload }) => ({ index, files: Object.keys(payload.body['files'] as Json).length, digest: payload.body['digest'] })), reasons: {} }),
  'contract-changes': changedFiles,
  'key-events': (range) => ({ rows: within(range, 'log-opened', 'key-epoch-opened', 'key-epoch-ended', 'subject-key-rotated', 'evidence-key-opened').map(({ index, type, payload: { body } }) => ({ index, event: type, resealed: type === 'subject-key-rotated' ? body['payloads'] : null })) }),
  'evidence-exports': (range) => ({ rows: within(range, 'evidence-requested', 'evidence-ended', 'evidence-downloaded').map(({ index, payload: { body } }) => ({ index, id: body['id'] })), reasons: {} }),
  elsewhere: ({ parameters }) => ({ rows: [{ missing: parameters['missing'], look: parameters['look'] }], reasons: {} }),
  recoveries: (range) => ({ rows: indices(within(range, 'log-recovered')) }),
};

function isShown({ type, payload: { body } }: Read): boolean {
  return type !== 'access-decision' || (body['outcome'] === 'allow' && ((body['action'] === 'read' && ['prediction', 'quarantine'].includes(String(body['resource']))) || (body['action'] === 'receive' && body['resource'] === 'prediction')));
}

function disclosed(range: Range): { index: number; subject: string | null; recipient: string; purpose: unknown; exemption: string | null; suspended: string | null; accountable: boolean }[] {
  const { parameters, facts, asOf } = range;
  const shown = within(range, 'access-decision', 'detokenization', 'subject-report-issued').filter((fact) => isShown(fact) && fact.payload.body['resource'] !== 'quarantine');
  return shown.map(({ index, type, payload: { principal, body } }) => {
    const of = at(body, 'of', 'index') as number | undefined;
    const subject = (of === undefined ? at(body['subjects'], '0', 'subject') : facts[of]?.payload?.body['subject']) as string | undefined;
    const purpose = (body['purpose'] ?? null) as string | null;
    const byPurpose = purpose === null ? undefined : at(parameters['exemptPurposes'], purpose);
    const exemption = type === 'subject-report-issued' ? 'individual' : ((byPurpose ?? at(parameters['exemptRoles'], String(body['role'])) ?? null) as string | null);
    const stop = (parameters['suspended'] as Json[]).find((each) => each['recipient'] === principal && Date.parse(String(each['from'])) <= asOf && Date.parse(String(each['until'])) > asOf);
    const suspended = (stop?.['until'] ?? null) as string | null;
    return { index, subject: subject ?? null, recipient: principal, purpose, exemption, suspended, accountable: exemption === null && suspended === null };
  });
}

function changedFiles(range: Range): Counted {
  const rows: Json[] = [];
  for (const { index } of within(range, 'policy-activated')) {
    const until = all(range, 'policy-activated').filter((fact) => fact.index <= index);
    const [before = {}, after = {}] = [until.at(-2), until.at(-1)].map((fact) => (fact?.payload.body['files'] ?? {}) as Json);
    const counts = /^(?:contracts|roles|controls)\/|^(?:privacy|tenants|credentials|identity-providers)\.yaml/;
    const paths = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((path) => counts.test(path) && before[path] !== after[path]).sort();
    rows.push(...paths.map((path) => ({ index, path, change: before[path] === undefined ? 'added' : after[path] === undefined ? 'removed' : 'changed' })));
  }
  return { rows, reasons: {} };
}
