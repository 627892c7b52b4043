import type { Cell, Figures } from './measure.ts';
import { ratios } from './statistics.ts';
import { judge, type Limit, type Verdict } from './verdict.ts';

/** All rounds of one contestant in one cell. */
export interface Series extends Cell {
  key: string;
  rounds: Figures[];
}

export class AppendResults {
  readonly series: Series[];

  /** @param series what was measured before */
  constructor(series: Series[] = []) {
    this.series = series;
  }

  /** How many rounds a cell has of a contestant. */
  roundsOf(key: string, { connections, batch }: Cell): number {
    return this.find(key, connections, batch)?.rounds.length ?? 0;
  }

  add(key: string, { connections, batch }: Cell, figures: Figures): void {
    const present = this.find(key, connections, batch);
    if (present === undefined) this.series.push({ key, connections, batch, rounds: [figures] });
    else present.rounds.push(figures);
  }

  find(key: string, connections: number, batch: number): Series | undefined {
    return this.series.find((one) => one.key === key && one.connections === connections && one.batch === batch);
  }

  /** A verdict for each ratio both of whose sides were measured. */
  verdicts(): Verdict[] {
    return RATIOS.flatMap(({ text, above, below, limit }) => {
      const [over, under] = [this.#values(above), this.#values(below)];
      return over === undefined || under === undefined ? [] : judge(text, ratios(over, under), limit);
    });
  }

  #values({ key, connections, batch, figure }: Side): number[] | undefined {
    return this.find(key, connections, batch)?.rounds.map((round) => round[figure]);
  }
}

/** One side of a ratio: a figure of one series. */
interface Side extends Cell {
  key: string;
  figure: keyof Figures;
}

const rate = (key: string, connections: number, batch = 1): Side => ({ key, connections, batch, figure: 'recordsPerSecond' });
const latency = (key: string, connections: number, figure: 'p50' | 'p99'): Side => ({ key, connections, batch: 1, figure });

interface Ratio {
  text: string;
  above: Side;
  below: Side;
  limit: Limit;
}

/** What must be shown of the append path. */
const RATIOS: readonly Ratio[] = [
  ...[64, 256].flatMap((connections): Ratio[] => [
    { text: `(c) ÷ (a), ${connections} connections`, above: rate('c', connections), below: rate('a', connections), limit: { atLeast: 0.6 } },
    { text: `(d) ÷ (a), ${connections} connections, 1,000 subjects`, above: rate('d', connections), below: rate('a', connections), limit: { atLeast: 0.4 } },
    { text: `(d) ÷ (c), ${connections} connections: contract, tokens and encryption on, and off`, above: rate('d', connections), below: rate('c', connections), limit: { atLeast: 0.5 } },
    { text: `(d) ÷ (a), ${connections} connections, all subjects new`, above: rate('d-new', connections), below: rate('a', connections), limit: { atLeast: 0.35 } },
  ]),
  { text: '(c) ÷ (b), 64 connections', above: rate('c', 64), below: rate('b', 64), limit: { atLeast: 30 } },
  { text: '(d) ÷ (e), 64 connections: what is left of the rate when access is decided', above: rate('d', 64), below: rate('e', 64), limit: { atLeast: 0.97 } },
  { text: 'p99 of (c) ÷ p99 of (a), 64 connections', above: latency('c', 64, 'p99'), below: latency('a', 64, 'p99'), limit: { atMost: 2 } },
  { text: 'p50 of (c) ÷ p50 of one INSERT, 1 connection', above: latency('c', 1, 'p50'), below: latency('plain', 1, 'p50'), limit: { atMost: 1.5 } },
  ...[64, 256].flatMap((connections): Ratio[] => [
    { text: `(c) in batches of 100 ÷ (c) single, ${connections} connections`, above: rate('c', connections, 100), below: rate('c', connections), limit: { atLeast: 2 } },
    { text: `(c) ÷ (a), both in batches of 100, ${connections} connections`, above: rate('c', connections, 100), below: rate('a', connections, 100), limit: { atLeast: 0.6 } },
  ]),
];
