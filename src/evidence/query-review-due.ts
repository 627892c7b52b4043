import { memberOf, numberOf, textCell, textOf, truthOf } from './fact.ts';
import { column, isIn, type Query } from './query.ts';
import type { JsonValue } from '../core/json-value.ts';

interface Due {
  index: number;
  at: string;
  time: number;
  model: string;
  outcome: string;
}

interface State {
  /** Decisions that wait for a review, by leaf index. */
  waiting: Record<string, Due>;
  due: number;
  done: number;
}

const DAY_MS = 86_400_000;

/** Decisions of which the framework says that a person looks at each: those of named outcomes, made without one. */
export const REVIEW_DUE: Query<State> = {
  name: 'review-due',
  v: 1,
  title: 'Automated decisions that a person has to review',
  question: 'Was each automated decision of these outcomes reviewed by a person in time?',
  // A decision's row is written when its review comes: not in the order of the decisions.
  basis: 'aggregate',
  columns: [
    column('index', 'number', 'leaf index of the decision'), column('time', 'time', 'when it was made'), column('model', 'text', 'model'), column('outcome', 'text', 'what was decided'), column('due', 'time', 'by when it had to be reviewed'),
    column('review', 'number', 'leaf index of the review', true), column('reviewer', 'text', 'opaque id', true), column('verdict', 'text', 'of the review', true),
  ],
  types: [],
  context: ['prediction', 'prediction-reviewed'],
  parameters: { outcomes: { type: 'array', items: { type: 'string' }, default: [] }, models: { type: 'array', items: { type: 'string' }, default: [] }, withinDays: { type: 'integer', minimum: 1, default: 30 } },
  reasons: { overdue: 'nobody reviewed it in time', 'reviewed-late': 'it was reviewed, but late' },
  begin: () => ({ waiting: {}, due: 0, done: 0 }),
  take(fact, state, finds, asked) {
    const { body, principal } = fact.payload;
    const within = Number(asked.parameters['withinDays']) * DAY_MS;
    if (fact.type === 'prediction') {
      const decision = memberOf(body, 'decision');
      const [model = '', outcome = ''] = [textOf(body, 'model'), textOf(decision, 'outcome')];
      if (!isIn(asked, fact) || truthOf(decision, 'automated') !== true) return;
      if (names(asked.parameters['outcomes'], outcome) && names(asked.parameters['models'], model)) state.waiting[fact.index] = { index: fact.index, at: fact.at, time: fact.time, model, outcome };
      return;
    }
    const of = numberOf(memberOf(body, 'prediction'), 'index');
    const due = of === undefined ? undefined : state.waiting[of];
    if (due === undefined) return;
    delete state.waiting[due.index];
    state.due += 1;
    state.done += 1;
    const by = due.time + within;
    const row = finds.row({ index: due.index, time: due.at, model: due.model, outcome: due.outcome, due: new Date(by).toISOString(), review: fact.index, reviewer: principal, verdict: textCell(body, 'verdict') });
    if (fact.time > by) finds.exception({ row, index: due.index, why: 'reviewed-late', text: `It was reviewed at ${fact.at}.`, disposition: fact.index });
  },
  finish(state, finds, { asOf, parameters }) {
    const within = Number(parameters['withinDays']) * DAY_MS;
    for (const { index, at, time, model, outcome } of Object.values(state.waiting)) {
      const by = time + within;
      const row = finds.row({ index, time: at, model, outcome, due: new Date(by).toISOString(), review: null, reviewer: null, verdict: null });
      if (by > asOf) continue;
      state.due += 1;
      finds.exception({ row, index, why: 'overdue', text: `It was to be reviewed by ${new Date(by).toISOString()}, and nobody did.` });
    }
    finds.total('due', { due: state.due }, { done: state.done, open: state.due - state.done });
  },
};

/** Whether a list names a word; an empty one names them all. */
function names(list: JsonValue | undefined, word: string): boolean {
  return !Array.isArray(list) || list.length === 0 || list.includes(word);
}
