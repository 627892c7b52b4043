import { spread, type Spread } from './statistics.ts';

export type Limit = { atLeast: number } | { atMost: number };

/** One line of what must be shown: a figure over the rounds, and whether its median keeps the limit. */
export interface Verdict {
  text: string;
  value: Spread;
  limit: Limit;
  met: boolean;
}

export function judge(text: string, values: readonly number[], limit: Limit): Verdict {
  const value = spread(values);
  return { text, value, limit, met: 'atLeast' in limit ? value.median >= limit.atLeast : value.median <= limit.atMost };
}
