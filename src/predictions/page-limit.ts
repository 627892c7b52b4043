import { invalidQuery } from '../http/query-faults.ts';

const DEFAULT_PAGE = 100;

/** Rows of a page as asked for in the query. @throws Problem `invalid-query` */
export function pageLimit(asked: string | undefined, max: number): number {
  const limit = asked === undefined ? Math.min(DEFAULT_PAGE, max) : Number(asked);
  if (limit < 1 || limit > max) throw invalidQuery([{ at: 'limit', code: 'range', detail: `is from 1 to ${max}` }]);
  return limit;
}
