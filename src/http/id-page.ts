import { invalidQuery, refuseParameters } from './query-faults.ts';

/** Rows of a list that has no size of its own to ask for. */
export const PAGE = 100;

/**
 * The cursor of a list that goes on behind an item by the item's own id. A number of a row would say how many rows all
 * tenants together have made since.
 *
 * @param form what such an id looks like
 * @throws Problem `invalid-query`, for any other parameter too
 */
export function readIdCursor({ cursor, ...others }: Record<string, unknown>, form: RegExp): string | undefined {
  refuseParameters(others);
  if (cursor === undefined || (typeof cursor === 'string' && form.test(cursor))) return cursor;
  throw invalidQuery([{ at: 'cursor', code: 'form', detail: 'is the `next` of the page before' }]);
}

/** A page as it is answered: `next` names its last item where there may be more. */
export function idPage<T>(rows: readonly T[], limit: number, idOf: (row: T) => string, show: (row: T) => object): { items: object[]; next?: string } {
  const last = rows.at(-1);
  return { items: rows.map(show), ...(rows.length === limit && last !== undefined && { next: idOf(last) }) };
}
