import { all, at, grouped, indices, orNull, tallied, within, type Counted, type Range, type Read, type Recount } from './counting.ts';
import type { Json } from './raw-facts.ts';

const DAY = 86_400_000;
const VERSIONS = ['model-version-registered', 'model-version-approved', 'model-version-rejected', 'model-version-approval-withdrawn', 'model-deployed'];

/** What came in, by which versions, what became of it, and what is kept. */
export const recountData: Record<string, Recount> = {
  'verified-range': (range) => ({
    rows: grouped(range.facts, ({ type }) => type).map(([type, each]) => ({
      type, entries: each.length, inPeriod: each.filter(({ time }) => time >= range.from && time < range.to).length, gone: each.filter(({ payload }) => payload === undefined).length, firstIndex: each[0]?.index, lastIndex: each.at(-1)?.index,
    })),
    reasons: {},
    totals: { entries: [{ size: range.facts.length }, { entries: range.facts.length }] },
  }),
  'intake-totals': (range) => {
    const rows = within(range, 'intake-totals').flatMap(({ index, payload: { body } }) => (body['producers'] as Json[]).map(({ principal, received, accepted, refused, quarantined, duplicate }) => ({ index, number: body['number'], producer: principal, received, accepted, refused, quarantined, duplicate })));
    const sum = (name: keyof (typeof rows)[number]): number => rows.reduce((total, row) => total + Number(row[name]), 0);
    const reasons = within(range, 'intake-totals').map(({ payload: { body } }) => {
      const [from, to] = [Number(at(body, 'entries', 'from')), Number(at(body, 'entries', 'to'))];
      const accepted = (body['producers'] as Json[]).reduce((total, each) => total + Number(each['accepted']), 0);
      return range.facts.filter(({ index, type }) => type === 'prediction' && index >= from && index < to).length !== accepted && 'predictions-differ';
    });
    return { rows, reasons: tallied(reasons), totals: { received: [{ received: sum('received') }, { accepted: sum('accepted'), refused: sum('refused'), quarantined: sum('quarantined'), duplicate: sum('duplicate') }] } };
  },
  'producer-sequences': (range) => {
    const numbered = within(range, 'prediction').filter(({ payload }) => at(payload.body, 'producer', 'seq') !== undefined);
    const words: string[] = [];
    const rows = grouped(numbered, ({ payload }) => payload.principal).map(([producer, each]) => {
      const numbers = each.map(({ payload }) => Number(at(payload.body, 'producer', 'seq')));
      const known = [...new Set(numbers)].sort((a, b) => a - b);
      const [first = 0, last = 0] = [known[0], known.at(-1)];
      for (const [i, number] of known.entries()) if (i > 0 && number > (known[i - 1] ?? 0) + 1) words.push('gap');
      const repeated = numbers.length - known.length;
      if (repeated > 0) words.push('repeated');
      const late = numbers.filter((number, i) => !numbers.slice(0, i).includes(number) && numbers.slice(0, i).some((before) => before > number)).length;
      return { producer, first, last, predictions: each.length, expected: last - first + 1, found: known.length, missing: last - first + 1 - known.length, late, repeated, lastIndex: each.at(-1)?.index };
    });
    return { rows, reasons: tallied(words) };
  },
  'late-and-orphaned': (range) => {
    const rows = within(range, 'prediction').flatMap((fact) => {
      const parents = (fact.payload.body['parents'] ?? []) as string[];
      const isLate = fact.time - Date.parse(String(fact.payload.body['time'])) > Number(range.parameters['lateAfterDays']) * DAY;
      // A parent is known by what its entry says, or by its id where that was erased; here none was.
      const missing = parents.filter((id) => !all(range, 'prediction').some(({ index, payload }) => index < fact.index && payload.body['id'] === id)).length;
      return isLate || parents.length > 0 ? [{ index: fact.index, parents: parents.length, missingParents: missing, isLate }] : [];
    });
    return { rows: rows.map(({ isLate: _isLate, ...row }) => row), reasons: tallied(rows.flatMap(({ isLate, missingParents }) => [isLate && 'late', missingParents > 0 && 'orphan'])) };
  },
  outcomes: (range) => {
    const facts = within(range, 'outcome-recorded');
    const reasons = facts.flatMap(({ time, payload: { body } }) => {
      const observed = Date.parse(String(body['observed']));
      const about = range.facts[Number(at(body, 'prediction', 'index'))];
      return [time - observed > Number(range.parameters['lateAfterDays']) * DAY && 'late', about?.type !== 'prediction' ? 'orphan' : observed < about.time && 'before-prediction'];
    });
    return { rows: facts.map(({ index, time, payload: { body } }) => ({ index, of: at(body, 'prediction', 'index'), delayHours: Math.floor((time - Date.parse(String(body['observed']))) / 3_600_000) })), reasons: tallied(reasons) };
  },
  quarantine: (range) => ({
    rows: within(range, 'quarantine-released', 'quarantine-rejected', 'quarantine-expired').map(({ index, type, payload: { body } }) => ({ index, outcome: type.split('-')[1], records: body['count'] ?? 1 })),
    reasons: tallied(within(range, 'quarantine-released', 'quarantine-expired').map(({ type, payload }) => (type === 'quarantine-expired' ? 'expired' : payload.principal === payload.body['producer'] && 'released-by-producer'))),
  }),
  'served-versions': (range) => {
    const rows = within(range, 'prediction').map((fact) => ({ index: fact.index, ...standing(range, fact) }));
    return { rows, reasons: tallied(rows.map(({ standing: how }) => how !== 'approved' && (how === 'registered' ? 'unapproved-version' : `${how}-version`))) };
  },
  'model-changes': (range) => {
    const facts = within(range, ...VERSIONS);
    const registrant = ({ payload: { body } }: Read): string | undefined => all(range, 'model-version-registered').find(({ payload }) => payload.body['model'] === body['model'] && payload.body['version'] === body['version'])?.payload.principal;
    const reasons = facts.map((fact) => fact.type === 'model-version-approved' && registrant(fact) === fact.payload.principal && 'approved-by-registrant');
    return { rows: facts.map((fact) => ({ index: fact.index, change: fact.type, registrant: orNull(registrant(fact)) })), reasons: tallied(reasons) };
  },
  decisions: (range) => {
    const rows = within(range, 'prediction').flatMap(({ index, payload: { body } }) => (body['decision'] === undefined ? [] : [{ index, automated: orNull(at(body, 'decision', 'automated')), reasons: ((at(body, 'decision', 'reasons') ?? []) as unknown[]).length, attributions: Object.keys((at(body, 'explanation', 'attributions') ?? {}) as Json).length }]));
    const { explain } = range.parameters;
    return { rows, reasons: tallied(rows.flatMap(({ automated, reasons, attributions }) => [(explain === 'all' || (explain === 'automated' && automated === true)) && reasons + attributions === 0 && 'not-explained', explain !== 'none' && automated === null && 'automation-not-said'])) };
  },
  interventions: (range) => {
    const rows = within(range, 'prediction-reviewed', 'prediction-corrected').map(({ index, type, payload: { principal, body } }) => {
      const of = Number(at(body, 'prediction', 'index') ?? at(body, 'supersedes', 'index'));
      return { index, of, by: principal, producer: orNull(range.facts[of]?.payload?.principal), changed: type === 'prediction-corrected' || body['verdict'] !== 'upheld', isReview: type === 'prediction-reviewed' };
    });
    return { rows: rows.map(({ isReview: _isReview, ...row }) => row), reasons: tallied(rows.map(({ isReview, by, producer }) => isReview && by === producer && 'reviewed-by-producer')) };
  },
  'review-due': (range) => {
    const names = (list: unknown, word: unknown): boolean => (list as unknown[]).length === 0 || (list as unknown[]).includes(word);
    const { outcomes, models, withinDays } = range.parameters;
    const due = within(range, 'prediction').filter(({ payload: { body } }) => at(body, 'decision', 'automated') === true && names(outcomes, at(body, 'decision', 'outcome')) && names(models, body['model']));
    const reviews = all(range, 'prediction-reviewed');
    const found = due.map(({ index, time }) => ({ index, by: time + Number(withinDays) * DAY, review: reviews.find(({ payload }) => at(payload.body, 'prediction', 'index') === index) }));
    // Those that were reviewed stand first, in the order of their reviews.
    const rows = [...found.filter(({ review }) => review !== undefined).sort((a, b) => (a.review?.index ?? 0) - (b.review?.index ?? 0)), ...found.filter(({ review }) => review === undefined)];
    const isOver = ({ by, review }: (typeof rows)[number]): boolean => review === undefined && by <= range.asOf;
    const done = rows.filter(({ review }) => review !== undefined).length;
    const open = rows.filter(isOver).length;
    return { rows: rows.map(({ index, review }) => ({ index, review: orNull(review?.index) })), reasons: tallied(rows.map((row) => (isOver(row) ? 'overdue' : row.review !== undefined && row.review.time > row.by && 'reviewed-late'))), totals: { due: [{ due: done + open }, { done, open }] } };
  },
  'fields-seen': (range) => ({ rows: fieldsOf(range) }),
  'safe-harbor': (range) => ({ rows: fieldsOf(range) }),
  'processing-register': (range) => ({ rows: grouped(within(range, 'prediction'), ({ payload }) => payload.contract ?? 'none').map(([contract, each]) => ({ contract, predictions: each.length })), zero: 'predictions' }),
  'breach-scope': (range) => {
    const rows = grouped(within(range, 'prediction'), ({ payload: { contract, body } }) => JSON.stringify([contract ?? 'none', body['model']])).map(([, each]) => {
      const subjects = each.flatMap(({ payload }) => (payload.body['subject'] as string | undefined) ?? []);
      return { contract: each[0]?.payload.contract ?? 'none', model: each[0]?.payload.body['model'], predictions: each.length, withSubject: subjects.length, subjects: new Set(subjects).size, firstIndex: each[0]?.index, lastIndex: each.at(-1)?.index };
    });
    const different = new Set(within(range, 'prediction').flatMap(({ payload }) => (payload.body['subject'] as string | undefined) ?? [])).size;
    const inRows = rows.reduce((sum, { subjects }) => sum + subjects, 0);
    return { rows, reasons: {}, totals: { 'data subjects': [{ inRows }, { different, again: inRows - different }] } };
  },
  erasures: (range) => ({ rows: within(range, 'erasure').map(({ index, payload: { body } }) => ({ index, payloads: at(body, 'indices', 'count'), keys: (body['keys'] as unknown[]).length, retained: at(body, 'retained', 'count') ?? 0 })), reasons: {} }),
  'subject-requests': (range) => {
    const ends = all(range, 'erasure', 'legal-hold-released', 'request-rejected', 'request-expired');
    const rows = within(range, 'erasure-requested', 'legal-hold-release-requested').map(({ index, time, payload: { body } }) => ({ index, time, closed: ends.find(({ payload }) => payload.body['request'] === body['request']) }));
    const closed = rows.filter((row) => row.closed !== undefined).length;
    const late = rows.map((row) => row.closed === undefined && row.time + Number(range.parameters['answerWithinDays']) * DAY <= range.asOf && 'overdue');
    return { rows: rows.map((row) => ({ index: row.index, closed: orNull(row.closed?.index) })), reasons: tallied(late), totals: { opened: [{ opened: rows.length }, { closed, open: rows.length - closed }] } };
  },
  'subject-reports': (range) => ({ rows: within(range, 'subject-report-issued').map(({ index, payload: { body } }) => ({ index, predictions: body['predictions'], quarantine: body['quarantine'] })), reasons: {} }),
  dispositions: (range) => ({ rows: within(range, 'disposition').map(({ index, payload: { body } }) => ({ index, payloads: at(body, 'indices', 'count'), keys: body['keys'], resealed: body['resealed'] })), reasons: {} }),
  'retention-horizon': (range) => ({ rows: grouped(all(range, 'prediction'), ({ payload }) => payload.contract ?? 'none').map(([contract, each]) => ({ contract, kept: each.length, oldest: each[0]?.at, oldestIndex: each[0]?.index })) }),
  'legal-holds': (range) => ({ rows: indices(within(range, 'legal-hold-placed', 'legal-hold-released')), reasons: {} }),
};

/** How a version stood by what was said of it before. */
function standing(range: Range, { index, payload: { body } }: Read): { standing: string; approval: number | null } {
  const said = all(range, ...VERSIONS).filter((fact) => fact.index < index && fact.payload.body['model'] === body['model'] && fact.payload.body['version'] === body['version']);
  if (!said.some(({ type }) => type === 'model-version-registered')) return { standing: 'unknown', approval: null };
  const judged = said.findLast(({ type }) => /approved|rejected|withdrawn/.test(type));
  if (judged === undefined) return { standing: 'registered', approval: null };
  if (judged.type !== 'model-version-approved') return { standing: judged.type === 'model-version-rejected' ? 'rejected' : 'withdrawn', approval: null };
  // Deployments hold at once here: none names a time.
  const last = said.findLast(({ type }) => type === 'model-deployed');
  return { standing: last?.payload.body['deployment'] === 'retired' ? 'retired' : 'approved', approval: judged.index };
}

function fieldsOf(range: Range): Counted['rows'] {
  return grouped(within(range, 'prediction'), ({ payload }) => payload.contract ?? 'none').flatMap(([contract, each]) => {
    const pointers = each.flatMap(({ payload: { body } }) => [...new Set(['inputs', 'output', 'decision'].flatMap((section) => pointersOf(body[section], `/${section}`)))]);
    return Object.entries(tallied(pointers)).sort(([a], [b]) => (a < b ? -1 : 1)).map(([field, seen]) => ({ contract, field, seen }));
  });
}

function pointersOf(value: unknown, pointer: string): string[] {
  if (value === undefined) return [];
  if (Array.isArray(value)) return [pointer, ...value.flatMap((each) => (typeof each === 'object' && each !== null ? pointersOf(each, `${pointer}/*`) : []))];
  if (typeof value !== 'object' || value === null) return [pointer];
  return Object.entries(value).flatMap(([name, each]) => pointersOf(each, `${pointer}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`));
}
