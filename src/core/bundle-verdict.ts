import type { BundleEnvelope, Verdict } from './bundle-documents.ts';

/** What a verdict is given by. Counts of exceptions: all, those that nobody has dealt with, and of these the ones other than `overdue`. */
export interface VerdictGrounds {
  rows: number;
  exceptions: number;
  open: number;
  openOther: number;
  totals: readonly Pick<BundleEnvelope['controlTotals'][number], 'name' | 'left' | 'right'>[];
  gaps: number;
  /** What would belong to the population and cannot be read any more. */
  lost: number;
}

/** The verdict that a rule gives (docs/spec/bundle.md, "Verdicts"). */
export function verdictOf(rule: BundleEnvelope['rule'], grounds: VerdictGrounds): Verdict {
  if (rule === 'never') return 'unevaluable';
  if (grounds.totals.some(({ left, right }) => sum(left) !== sum(right))) return 'contradicted';
  if (rule === 'due') return byDue(grounds);
  if (grounds.rows === 0) return rule === 'present' ? 'not_evidenced' : 'unevaluable';
  if (rule !== 'listed' && grounds.open > 0) return 'contradicted';
  const doubts = grounds.lost + grounds.gaps + (rule === 'listed' ? 0 : grounds.exceptions);
  return doubts > 0 ? 'partial' : 'evidenced';
}

function byDue({ totals, exceptions, openOther, gaps, lost }: VerdictGrounds): Verdict {
  const total = totals.find(({ name }) => name === 'due');
  const due = total?.left['due'] ?? 0;
  const done = total?.right['done'] ?? 0;
  if (openOther > 0) return 'contradicted';
  if (due === 0) return 'unevaluable';
  if (done === 0) return 'not_evidenced';
  return done === due && exceptions + gaps + lost === 0 ? 'evidenced' : 'partial';
}

/** The sum of named counts. */
export function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}

/** What a control comes to by the verdicts of its assertions. */
export function controlVerdict(assertions: readonly { readonly verdict: Verdict }[]): Verdict {
  const verdicts = assertions.map(({ verdict }) => verdict);
  if (verdicts.includes('contradicted')) return 'contradicted';
  if (verdicts.every((verdict) => verdict === 'unevaluable')) return 'unevaluable';
  if (verdicts.every((verdict) => verdict === 'evidenced')) return 'evidenced';
  return verdicts.some((verdict) => verdict === 'evidenced' || verdict === 'partial') ? 'partial' : 'not_evidenced';
}
