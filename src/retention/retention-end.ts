import type { Contract } from '../contracts/contract.ts';

const PERIOD = /^P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)D)?$/;

/**
 * When a contract's retention of a record ends, in UTC. Where the month has no such day, on its last one.
 *
 * @param entryTime ms since 1970: dispositions find what is due by it
 */
export function retentionEnd({ file }: Contract, entryTime: number): number {
  const { period } = file.retention;
  const [, years = '0', months = '0', days = '0'] = PERIOD.exec(period) ?? [];
  const at = new Date(entryTime);
  const day = at.getUTCDate();
  at.setUTCDate(1);
  at.setUTCMonth(at.getUTCMonth() + Number(months) + 12 * Number(years));
  const last = new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1, 0)).getUTCDate();
  at.setUTCDate(Math.min(day, last) + Number(days));
  return at.getTime();
}
