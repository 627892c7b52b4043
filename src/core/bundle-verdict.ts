import type { BundleControls, BundleEnvelope, Verdict } from './bundle-documents.ts';

/** What a verdict is given by. Counts of exceptions: all, those that nobody has dealt with, and those other than `overdue`. */
export interface VerdictGrounds {
  rows: number;
  exceptions: number;
  open: number;
  otherThanOverdue: number;
  totals: BundleEnvelope['controlTotals'];
  gaps: number;
  /** What would belong to the population and is not in it. */
  excluded: number;
}

/** The verdict that a rule gives (docs/spec/bundle.md, "Verdicts"). */
export function verdictOf(rule: BundleEnvelope['rule'], grounds: VerdictGrounds): Verdict {
  switch (rule) {
    case 'never':
      return 'unevaluable';
    case 'no-exceptions':
      return grounds.rows === 0 ? 'unevaluable' : byExceptions(grounds);
    case 'present':
      return grounds.rows === 0 ? 'not_evidenced' : byExceptions(grounds);
    case 'listed':
      if (grounds.rows === 0) return 'unevaluable';
      return grounds.excluded > 0 || grounds.gaps > 0 ? 'partial' : 'evidenced';
    case 'due':
      return byDue(grounds);
  }
}

function byExceptions({ exceptions, open, totals, gaps, excluded }: VerdictGrounds): Verdict {
  if (open > 0 || totals.some(({ left, right }) => sum(left) !== sum(right))) return 'contradicted';
  return excluded > 0 || gaps > 0 || exceptions > 0 ? 'partial' : 'evidenced';
}

function byDue({ totals, exceptions, otherThanOverdue }: VerdictGrounds): Verdict {
  const total = totals.find(({ name }) => name === 'due');
  const due = total?.left['due'] ?? 0;
  const done = total?.right['done'] ?? 0;
  if (due === 0) return 'unevaluable';
  if (done === due && exceptions === 0) return 'evidenced';
  if (done === 0) return 'not_evidenced';
  return otherThanOverdue > 0 ? 'contradicted' : 'partial';
}

/** The sum of named counts. */
export function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}

/** What a control comes to by the verdicts of its assertions. */
export function controlVerdict(assertions: BundleControls['controls'][number]['assertions']): Verdict {
  const verdicts = assertions.map(({ verdict }) => verdict);
  if (verdicts.includes('contradicted')) return 'contradicted';
  if (verdicts.every((verdict) => verdict === 'unevaluable')) return 'unevaluable';
  if (verdicts.every((verdict) => verdict === 'evidenced')) return 'evidenced';
  return verdicts.some((verdict) => verdict === 'evidenced' || verdict === 'partial') ? 'partial' : 'not_evidenced';
}
