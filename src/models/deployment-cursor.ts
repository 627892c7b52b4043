import type { Log } from '../ledger/log.ts';

/** A place in the history of logs that succeed each other: how many came before that log, and the entry's index in it. */
export const DEPLOYMENT_CURSOR = /^(\d{1,4})\.(\d{1,15})$/;

/** An entry of a log, or of one that it succeeds; `log` is the database's number, which no cursor shows. */
export interface Place {
  log: number;
  index: number;
}

export function cursorAt(log: Log, place: Place): string {
  const at = log.succession.findIndex(({ row }) => row.id === place.log);
  return `${log.succession.length - 1 - at}.${place.index}`;
}

/** @returns undefined where there is none, and for a log that there is not: then the list begins anew */
export function placeAt(log: Log, cursor: string | undefined): Place | undefined {
  const [, before, index] = DEPLOYMENT_CURSOR.exec(cursor ?? '') ?? [];
  const holder = before === undefined ? undefined : log.succession[log.succession.length - 1 - Number(before)];
  return holder === undefined ? undefined : { log: holder.row.id, index: Number(index) };
}
