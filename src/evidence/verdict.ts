import { verdictOf } from '../core/bundle-verdict.ts';
import type { ControlTotal, Exclusion, GapCheck, Verdict, VerdictRule } from './population.ts';

/** What a verdict is given by: all of it stands in the envelope and beside it. */
export interface Judged {
  readonly rule: VerdictRule;
  readonly rowCount: number;
  readonly controlTotals: readonly ControlTotal[];
  readonly gapCheck: GapCheck | null;
  readonly exclusions: readonly Exclusion[];
  /** Exceptions that nobody has dealt with, by their code; and how many there are of every kind. */
  readonly open: Readonly<Record<string, number>>;
  readonly exceptions: number;
}

/** The verdict of a population by its rule (docs/spec/bundle.md#verdicts), and in words why. */
export function judge(judged: Judged): { verdict: Verdict; because: string } {
  const { rule, rowCount, controlTotals, exclusions, gapCheck, open, exceptions } = judged;
  const { overdue = 0, ...others } = open;
  const lost = exclusions.reduce((total, exclusion) => total + (exclusion.lost ? exclusion.count : 0), 0);
  const verdict = verdictOf(rule, { rows: rowCount, exceptions, open: sum(open), openOther: sum(others), totals: controlTotals, gaps: gapCheck?.gapCount ?? 0, lost });
  return { verdict, because: because(verdict, judged, { lost, overdue }) };
}

function because(verdict: Verdict, judged: Judged, { lost, overdue }: { lost: number; overdue: number }): string {
  const { rule, rowCount, controlTotals, open } = judged;
  const isDue = rule === 'due';
  const shown = isDue ? doneOf(controlTotals) : count(rowCount, 'row');
  if (verdict === 'evidenced') return rule === 'listed' ? `${shown}, for the reader to judge.` : `${shown}, and no exception.`;
  if (verdict === 'partial') return `${shown}, but for ${doubtsOf(judged, lost, overdue)}.`;
  if (verdict === 'not_evidenced') return isDue ? `${shown}.` : 'It was to be in the period, and nothing is.';
  if (verdict === 'unevaluable') return rule === 'never' ? 'The log does not hold it; its row says where to look.' : isDue ? 'Nothing was due in the period.' : 'The period holds nothing to judge by.';
  const broken = controlTotals.filter(({ holds }) => !holds).map(({ name }) => name);
  return broken.length > 0 ? `Control totals do not add up: ${broken.join(', ')}.` : `Exceptions that nobody has dealt with: ${codes(open)}.`;
}

function doubtsOf({ rule, gapCheck, open, exceptions }: Judged, lost: number, overdue: number): string {
  const gaps = gapCheck?.gapCount ?? 0;
  const settled = rule === 'listed' ? 0 : exceptions - sum(open);
  const doubts = [
    rule === 'due' && overdue > 0 ? `${overdue} overdue` : '', lost > 0 ? `${lost} that cannot be read any more` : '', gaps > 0 ? count(gaps, 'gap') : '',
    settled > 0 ? `${count(settled, 'exception')} that somebody has dealt with` : '',
  ].filter((doubt) => doubt !== '');
  return doubts.join(', ') || 'what was not done';
}

function doneOf(totals: readonly ControlTotal[]): string {
  const total = totals.find(({ name }) => name === 'due');
  return `${total?.right['done'] ?? 0} of ${total?.left['due'] ?? 0} that were due were done`;
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, each) => total + each, 0);
}

function codes(counts: Readonly<Record<string, number>>): string {
  return Object.keys(counts).sort().map((code) => `${counts[code]} ${code}`).join(', ');
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}
