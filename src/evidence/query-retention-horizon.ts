import { retentionEnd } from '../retention/retention-end.ts';
import { textOf, type Fact } from './fact.ts';
import { column, type Hold, type Query } from './query.ts';

interface Kept {
  oldest: string;
  oldestIndex: number;
  kept: number;
  past: number;
  pastHeld: number;
}

const DAY_MS = 86_400_000;

/** Whether anything is still here whose time to be kept is over. */
export const RETENTION_HORIZON: Query<{ contracts: Record<string, Kept> }> = {
  name: 'retention-horizon',
  v: 1,
  title: 'What is kept, and until when',
  question: 'Is any prediction kept past the retention of its contract without a legal hold; and how far back does what is kept reach?',
  basis: 'aggregate',
  columns: [
    column('contract', 'text', 'name@version; none where no contract governs'), column('retention', 'text', 'its period, ISO 8601', true), column('from', 'text', 'what it counts from', true), column('citation', 'text', 'why it is kept so long', true), column('kept', 'number', 'predictions that can be opened'),
    column('oldest', 'time', 'entry time of the oldest'), column('oldestIndex', 'number', 'its leaf index'), column('past', 'number', 'of these past their retention'), column('held', 'number', 'of those under a legal hold'),
  ],
  types: [],
  context: ['prediction'],
  parameters: { graceDays: { type: 'integer', minimum: 0, default: 2 }, atLeast: { type: 'string', pattern: '^(|P(?=\\d)(\\d{1,3}Y)?(\\d{1,4}M)?(\\d{1,5}D)?)$', default: '' } },
  reasons: { 'past-retention': 'it is kept past its retention, and no legal hold says so', 'too-short': 'the contract keeps it for less than it has to be kept', 'unknown-contract': 'its contract is not in the policy, so nobody can tell how long it is kept' },
  begin: () => ({ contracts: {} }),
  take(fact, { contracts }, finds, asked) {
    const { payload } = fact;
    const name = payload.contract ?? 'none';
    const kept = (contracts[name] ??= { oldest: fact.at, oldestIndex: fact.index, kept: 0, past: 0, pastHeld: 0 });
    kept.kept += 1;
    const contract = asked.contracts.all.find(({ id }) => id === name);
    if (contract === undefined) return;
    const end = retentionEnd(contract, fact.time);
    // Dispositions run once a day: what ended since the last run is due, not overdue.
    if (end + Number(asked.parameters['graceDays']) * DAY_MS >= asked.asOf) return;
    kept.past += 1;
    if (isHeld(asked.holds, fact)) kept.pastHeld += 1;
    else finds.exception({ row: null, index: fact.index, why: 'past-retention', text: `Its retention under ${name} ended at ${new Date(end).toISOString()}.` });
  },
  finish({ contracts }, finds, asked) {
    for (const name of Object.keys(contracts).sort()) {
      const { oldest, oldestIndex, kept, past, pastHeld } = contracts[name] as Kept; // its key
      const file = asked.contracts.all.find(({ id }) => id === name)?.file;
      const row = finds.row({ contract: name, retention: file?.retention.period ?? null, from: file?.retention.from ?? null, citation: file?.retention.citation ?? null, kept, oldest, oldestIndex, past, held: pastHeld });
      if (file === undefined) finds.exception({ row, index: oldestIndex, why: 'unknown-contract', text: `${name} is not among the contracts in force.` });
      else if (isShorter(file.retention.period, asked.parameters['atLeast'] as string)) finds.exception({ row, index: null, why: 'too-short', text: `${name} keeps predictions for ${file.retention.period}.` });
    }
    const all = Object.values(contracts);
    const sum = (of: (kept: Kept) => number): number => all.reduce((total, each) => total + of(each), 0);
    finds.total('kept', { kept: sum(({ kept }) => kept) }, { within: sum(({ kept, past }) => kept - past), held: sum(({ pastHeld }) => pastHeld), past: sum(({ past, pastHeld }) => past - pastHeld) });
  },
};

function isHeld(holds: readonly Hold[], { time, payload }: Fact): boolean {
  const [model, subject] = [textOf(payload?.body, 'model'), textOf(payload?.body, 'subject')];
  return holds.some(({ subjects, models, from, to }) => {
    const bySubject = subjects.length === 0 || (subject !== undefined && subjects.includes(subject));
    return bySubject && (models === null || (model !== undefined && models.includes(model))) && (from === null || time >= from) && (to === null || time < to);
  });
}

function isShorter(period: string, atLeast: string): boolean {
  return atLeast !== '' && daysOf(period) < daysOf(atLeast);
}

/** In days, with years of 365 and months of 365/12 of them: enough to tell P6M from P1Y. */
function daysOf(period: string): number {
  const [, years = '0', months = '0', days = '0'] = /^P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)D)?$/.exec(period) ?? [];
  return 365 * (Number(years) + Number(months) / 12) + Number(days);
}
