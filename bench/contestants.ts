import type { Subjects } from './prediction-template.ts';

/** One of the servers that are measured side by side. */
export interface Contestant {
  readonly key: string;
  readonly title: string;
  /** Entry file in `servers/`, without its ending. */
  readonly entry: string;
  readonly subjects: Subjects;
  /** Whether it is also measured in batches. */
  readonly batches: boolean;
  /** Counts the predictions that its database holds, as `count`. */
  readonly countSql: string;
}

/** Ours and the peers alike call it so. */
export const COUNT_ROWS = 'SELECT count(*) AS count FROM prediction';

export const CONTESTANTS: readonly Contestant[] = [
  {
    key: 'a', title: 'reference: Fastify, batched COPY, no hash, no policy', entry: 'reference',
    subjects: 'recurring', batches: true, countSql: COUNT_ROWS,
  },
  {
    key: 'plain', title: 'Fastify, one INSERT a request, pool 16', entry: 'plain-insert',
    subjects: 'recurring', batches: false, countSql: COUNT_ROWS,
  },
  {
    key: 'b', title: 'hand-rolled: Nest, Express, TypeORM, row lock on the head, pool 10', entry: 'hand-rolled',
    subjects: 'recurring', batches: true, countSql: COUNT_ROWS,
  },
  {
    key: 'c', title: 'ours without encryption: authentication, a trivial contract, commitment, chain, tree', entry: 'ours-unencrypted',
    subjects: 'recurring', batches: true, countSql: COUNT_ROWS,
  },
  {
    key: 'd', title: 'ours with everything that is on by default, 1,000 recurring subjects', entry: 'ours',
    subjects: 'recurring', batches: true, countSql: COUNT_ROWS,
  },
  {
    key: 'd-new', title: 'the same, every prediction of a new subject', entry: 'ours',
    subjects: 'new', batches: true, countSql: COUNT_ROWS,
  },
  {
    key: 'e', title: '(d) where everybody may do everything: no authentication, no rules', entry: 'ours-allow-all',
    subjects: 'recurring', batches: false, countSql: COUNT_ROWS,
  },
];
