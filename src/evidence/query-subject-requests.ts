import { textCell, wordOf } from './fact.ts';
import { column, isIn, type Query } from './query.ts';

interface Opened {
  id: string;
  kind: string;
  index: number;
  at: string;
  time: number;
  requester: string;
  subject: string | null;
  closed: { index: number; at: string; time: number; how: string } | null;
}

const DAY_MS = 86_400_000;
const CLOSING: Readonly<Record<string, string>> = { erasure: 'executed', 'legal-hold-released': 'executed', 'request-rejected': 'rejected', 'request-expired': 'expired' };

/** Requests about data subjects: opened = closed + open. */
export const SUBJECT_REQUESTS: Query<{ requests: Opened[] }> = {
  name: 'subject-requests',
  v: 1,
  title: 'Requests about data subjects',
  question: 'Was every request about a data subject answered within its time; is opened = closed + open?',
  basis: 'entries',
  columns: [
    column('index', 'number', 'leaf index of the request'), column('time', 'time', 'when it was asked'), column('request', 'text', 'its id'), column('kind', 'text', 'erasure or legal-hold-release'), column('subject', 'text', 'opaque id', true), column('requester', 'text', 'opaque id'),
    column('due', 'time', 'by when it had to be answered'), column('closed', 'number', 'leaf index of the entry that ended it', true), column('closedAt', 'time', 'when', true), column('how', 'text', 'executed, rejected or expired', true),
  ],
  types: ['erasure-requested', 'legal-hold-release-requested'],
  context: Object.keys(CLOSING),
  parameters: { answerWithinDays: { type: 'integer', minimum: 1, default: 30 } },
  reasons: { overdue: 'it was not answered in time', 'answered-late': 'it was answered, but late', expired: 'it ended because nobody decided' },
  begin: () => ({ requests: [] }),
  take(fact, state) {
    const { body, principal } = fact.payload;
    const id = wordOf(body, 'request');
    const how = CLOSING[fact.type];
    if (how === undefined) {
      state.requests.push({ id, kind: fact.type.slice(0, -'-requested'.length), index: fact.index, at: fact.at, time: fact.time, requester: principal, subject: textCell(body, 'subject'), closed: null });
      return;
    }
    const request = state.requests.find((each) => each.id === id);
    if (request !== undefined) request.closed ??= { index: fact.index, at: fact.at, time: fact.time, how };
  },
  finish(state, finds, asked) {
    let [opened, closed] = [0, 0];
    for (const { id, kind, index, at, time, requester, subject, closed: end } of state.requests) {
      if (!isIn(asked, { time })) continue;
      opened += 1;
      if (end !== null) closed += 1;
      const by = time + Number(asked.parameters['answerWithinDays']) * DAY_MS;
      const row = finds.row({ index, time: at, request: id, kind, subject, requester, due: new Date(by).toISOString(), closed: end?.index ?? null, closedAt: end?.at ?? null, how: end?.how ?? null });
      if (end === null && by <= asked.asOf) finds.exception({ row, index, why: 'overdue', text: `${id} was to be answered by ${new Date(by).toISOString()}.` });
      if (end !== null && end.time > by) finds.exception({ row, index, why: 'answered-late', text: `${id} was answered at ${end.at}.`, disposition: end.index });
      if (end?.how === 'expired') finds.exception({ row, index, why: 'expired', text: `Nobody decided on ${id}.` });
    }
    finds.total('opened', { opened }, { closed, open: opened - closed });
  },
};
