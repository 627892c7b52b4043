import type { Side, Target } from './results.ts';

const rate = (key: string, connections: number, batch = 1): Side => ({ key, connections, batch, figure: 'recordsPerSecond' });
const latency = (key: string, connections: number, figure: 'p50' | 'p99'): Side => ({ key, connections, batch: 1, figure });

/** The bench's share of the promises in docs/design/append-path.md. */
export const TARGETS: readonly Target[] = [
  ...[64, 256].flatMap((connections): Target[] => [
    { text: `(c) ÷ (a), ${connections} connections`, above: rate('c', connections), below: rate('a', connections), limit: { atLeast: 0.6 } },
    { text: `(d) ÷ (a), ${connections} connections, 1,000 subjects`, above: rate('d', connections), below: rate('a', connections), limit: { atLeast: 0.4 } },
    { text: `(d) ÷ (a), ${connections} connections, all subjects new`, above: rate('d-new', connections), below: rate('a', connections), limit: { atLeast: 0.35 } },
  ]),
  { text: '(c) ÷ (b), 64 connections', above: rate('c', 64), below: rate('b', 64), limit: { atLeast: 30 } },
  { text: 'p99 of (c) ÷ p99 of (a), 64 connections', above: latency('c', 64, 'p99'), below: latency('a', 64, 'p99'), limit: { atMost: 2 } },
  { text: 'p50 of (c) ÷ p50 of one INSERT, 1 connection', above: latency('c', 1, 'p50'), below: latency('plain', 1, 'p50'), limit: { atMost: 1.5 } },
  ...[64, 256].flatMap((connections): Target[] => [
    { text: `(c) in batches of 100 ÷ (c) single, ${connections} connections`, above: rate('c', connections, 100), below: rate('c', connections), limit: { atLeast: 2 } },
    { text: `(c) ÷ (a), both in batches of 100, ${connections} connections`, above: rate('c', connections, 100), below: rate('a', connections, 100), limit: { atLeast: 0.6 } },
  ]),
];
