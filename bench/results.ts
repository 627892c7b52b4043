import type { Cell, Figures } from './measure.ts';
import { ratio, type Spread } from './statistics.ts';

/** All rounds of one contestant in one cell. */
export interface Series extends Cell {
  key: string;
  rounds: Figures[];
}

export class Results {
  readonly series: Series[] = [];

  add(key: string, { connections, batch }: Cell, figures: Figures): void {
    const present = this.find(key, connections, batch);
    if (present === undefined) this.series.push({ key, connections, batch, rounds: [figures] });
    else present.rounds.push(figures);
  }

  find(key: string, connections: number, batch: number): Series | undefined {
    return this.series.find((one) => one.key === key && one.connections === connections && one.batch === batch);
  }
}

/** What one side of a ratio is: a figure of one series. */
export interface Side extends Cell {
  key: string;
  figure: keyof Figures;
}

/** One row of the table of what must be shown. */
export interface Target {
  text: string;
  above: Side;
  below: Side;
  limit: { atLeast: number } | { atMost: number };
}

export interface Verdict {
  target: Target;
  ratio: Spread;
  met: boolean;
}

/** `undefined` where one of the two sides was not measured. */
export function judge(results: Results, target: Target): Verdict | undefined {
  const above = valuesOf(results, target.above);
  const below = valuesOf(results, target.below);
  if (above === undefined || below === undefined) return undefined;
  const found = ratio(above, below);
  const { limit } = target;
  return { target, ratio: found, met: 'atLeast' in limit ? found.median >= limit.atLeast : found.median <= limit.atMost };
}

function valuesOf(results: Results, { key, connections, batch, figure }: Side): number[] | undefined {
  return results.find(key, connections, batch)?.rounds.map((round) => round[figure]);
}
