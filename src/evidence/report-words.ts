import type { Verdict } from './population.ts';

export const VERDICTS: readonly Verdict[] = ['evidenced', 'partial', 'not_evidenced', 'contradicted', 'unevaluable'];

/** What each verdict means, in a reader's words. */
export const MEANINGS: Readonly<Record<Verdict, string>> = {
  evidenced: 'What was to be shown is shown, and nothing in the log speaks against it.',
  partial: 'Shown in part: something is left out, has gaps, or had exceptions that somebody dealt with.',
  not_evidenced: 'It was due in the period, and nothing in the log shows it.',
  contradicted: 'The log shows exceptions, or totals that do not add up.',
  unevaluable: 'The log holds nothing to judge by. No data is never a pass.',
};

/** A verdict as people read it. */
export function verdictText(verdict: string): string {
  return verdict.replaceAll('_', ' ');
}

/** Where a report speaks of a control or population. */
export function anchor(kind: 'control' | 'population', id: string): string {
  return `${kind}-${id.replaceAll(/[^A-Za-z0-9.-]/g, '_')}`;
}
