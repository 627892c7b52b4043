import { textOf, wordOf } from './fact.ts';
import { column, isIn, type Finds, type Query } from './query.ts';

interface Opened {
  id: string;
  index: number;
  at: string;
  time: number;
  principal: string;
  role: string;
  expires: string;
  inPeriod: boolean;
  reviewed: { index: number; at: string; by: string; verdict: string } | null;
}

const DAY_MS = 86_400_000;

/** Emergency access, and whether somebody else looked at it. */
export const BREAK_GLASS: Query<{ opened: Opened[] }> = {
  name: 'break-glass',
  v: 1,
  title: 'Emergency access and its reviews',
  question: 'Was every emergency access limited in time, and reviewed in time by another person?',
  basis: 'entries',
  columns: [
    column('index', 'number', 'leaf index of the opening'), column('time', 'time', 'when it was opened'), column('id', 'text', 'its id'), column('principal', 'text', 'opaque id of who opened it'), column('role', 'text', 'the role that was taken on'),
    column('expires', 'time', 'when it ended'), column('due', 'time', 'by when it had to be reviewed'), column('review', 'number', 'leaf index of the review', true), column('reviewed', 'time', 'when it was reviewed', true),
    column('reviewer', 'text', 'opaque id of who reviewed it', true), column('verdict', 'text', 'justified or not-justified', true),
  ],
  types: ['break-glass-opened'],
  context: ['break-glass-reviewed'],
  parameters: { reviewWithinDays: { type: 'integer', minimum: 1, maximum: 365, default: 7 } },
  reasons: {
    overdue: 'nobody reviewed it in time',
    'reviewed-late': 'it was reviewed, but late',
    'by-oneself': 'it was reviewed by who opened it',
    'not-justified': 'the review found that it was not justified',
  },
  begin: () => ({ opened: [] }),
  take(fact, { opened }, finds, asked) {
    const { body, principal } = fact.payload;
    const id = wordOf(body, 'id');
    if (fact.type === 'break-glass-opened') {
      opened.push({ id, index: fact.index, at: fact.at, time: fact.time, principal, role: wordOf(body, 'role'), expires: textOf(body, 'expires') ?? fact.at, inPeriod: isIn(asked, fact), reviewed: null });
      return;
    }
    const glass = opened.find((each) => each.id === id);
    if (glass !== undefined) glass.reviewed ??= { index: fact.index, at: fact.at, by: principal, verdict: wordOf(body, 'verdict') };
  },
  finish({ opened }, finds, { parameters, asOf }) {
    let [due, done] = [0, 0];
    for (const glass of opened.filter(({ inPeriod }) => inPeriod)) {
      const by = glass.time + Number(parameters['reviewWithinDays']) * DAY_MS;
      const isDue = glass.reviewed !== null || by <= asOf;
      if (isDue) due += 1;
      if (glass.reviewed !== null) done += 1;
      report(glass, by, isDue, finds);
    }
    finds.total('due', { due }, { done, open: due - done });
  },
};

function report({ id, index, at, principal, role, expires, reviewed }: Opened, by: number, isDue: boolean, finds: Finds): void {
  const due = new Date(by).toISOString();
  const review = reviewed === null ? { review: null, reviewed: null, reviewer: null, verdict: null } : { review: reviewed.index, reviewed: reviewed.at, reviewer: reviewed.by, verdict: reviewed.verdict };
  const row = finds.row({ index, time: at, id, principal, role, expires, due, ...review });
  const say = (why: string, text: string, disposition: number | null = null): void => finds.exception({ row, index, why, text, disposition });
  if (reviewed === null) {
    if (isDue) say('overdue', `${id} was to be reviewed by ${due}, and nobody did.`);
    return;
  }
  if (Date.parse(reviewed.at) > by) say('reviewed-late', `${id} was reviewed at ${reviewed.at}.`, reviewed.index);
  if (reviewed.by === principal) say('by-oneself', `${id} was reviewed by who opened it.`);
  if (reviewed.verdict !== 'justified') say('not-justified', `The review of ${id} found it not justified.`, reviewed.index);
}
