import { listOf, memberOf, textOf } from './fact.ts';
import type { Row } from './population.ts';
import { column, type Query } from './query.ts';

interface Review {
  index: number;
  at: string;
  by: string;
  from: number;
  to: number;
  findings: number;
  digest: string;
}

const DAY_MS = 86_400_000;

/** Reviews of activity: those that were due, and those that somebody signed off. */
export const ACTIVITY_REVIEWS: Query<{ reviews: Review[] }> = {
  name: 'activity-reviews',
  v: 1,
  title: 'Reviews of activity',
  question: 'Did somebody review the log’s activity as often as it is due, say what they looked at and what they found, and sign it off?',
  basis: 'aggregate',
  columns: [
    column('from', 'time', 'the stretch that was due begins'), column('to', 'time', 'and ends'), column('due', 'time', 'by when it had to be reviewed'), column('review', 'number', 'leaf index of the sign-off that completed it', true), column('signed', 'time', 'when it was signed off', true),
    column('reviewer', 'text', 'opaque id', true), column('digest', 'text', 'of the query and its result that were looked at', true), column('findings', 'number', 'findings', true),
  ],
  types: [],
  context: ['activity-reviewed'],
  parameters: { everyDays: { type: 'integer', minimum: 1, maximum: 366, default: 30 }, withinDays: { type: 'integer', minimum: 0, maximum: 366, default: 14 } },
  reasons: { overdue: 'nobody reviewed it in time', 'reviewed-late': 'it was reviewed, but late' },
  begin: () => ({ reviews: [] }),
  take({ index, at, payload }, { reviews }) {
    const body = payload?.body;
    const period = memberOf(body, 'period');
    const [from, to] = [textOf(period, 'from'), textOf(period, 'to')];
    if (payload === undefined || from === undefined || to === undefined) return;
    reviews.push({ index, at, by: payload.principal, from: Date.parse(from), to: Date.parse(to), findings: listOf(body, 'findings').length, digest: textOf(memberOf(body, 'examined'), 'digest') ?? '' });
  },
  finish({ reviews }, finds, { period, asOf, parameters }) {
    const every = Number(parameters['everyDays']) * DAY_MS;
    const within = Number(parameters['withinDays']) * DAY_MS;
    let [due, done] = [0, 0];
    for (let from = period.from; from < period.to; from += every) {
      const to = Math.min(from + every, period.to);
      const by = to + within;
      const review = completing(reviews, from, to);
      const isDue = review !== undefined || by <= asOf;
      const row = finds.row({ from: iso(from), to: iso(to), due: iso(by), ...signedOff(review) });
      if (isDue) due += 1;
      if (review !== undefined) done += 1;
      else if (isDue) finds.exception({ row, index: null, why: 'overdue', text: `The activity from ${iso(from)} to ${iso(to)} was to be reviewed by ${iso(by)}, and nobody did.` });
      if (review !== undefined && Date.parse(review.at) > by) finds.exception({ row, index: review.index, why: 'reviewed-late', text: `It was signed off at ${review.at}.`, disposition: review.index });
    }
    finds.total('due', { due }, { done, open: due - done });
  },
};

function signedOff(review: Review | undefined): Row {
  if (review === undefined) return { review: null, signed: null, reviewer: null, digest: null, findings: null };
  return { review: review.index, signed: review.at, reviewer: review.by, digest: review.digest, findings: review.findings };
}

/** The review by which a stretch was reviewed as a whole: the first with which those up to it cover it without a gap. */
function completing(reviews: readonly Review[], from: number, to: number): Review | undefined {
  const seen: Review[] = [];
  for (const review of reviews.filter((each) => each.from < to && each.to > from)) {
    seen.push(review);
    let reached = from;
    for (const { from: begins, to: ends } of [...seen].sort((a, b) => a.from - b.from)) if (begins <= reached && ends > reached) reached = ends;
    if (reached >= to) return review;
  }
  return undefined;
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
