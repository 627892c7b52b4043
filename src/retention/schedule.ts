import type { Contract } from '../contracts/contract.ts';

const PERIOD = /^P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)D)?$/;

/**
 * The instant that lies a period before another, in UTC. Where the month has no such day, its last one.
 *
 * @param period ISO 8601, of years, months and days, as a contract gives it
 * @param time ms since 1970
 */
export function periodBefore(period: string, time: number): number {
  const [, years = '0', months = '0', days = '0'] = PERIOD.exec(period) ?? [];
  const at = new Date(time);
  const day = at.getUTCDate();
  at.setUTCDate(1);
  at.setUTCMonth(at.getUTCMonth() - Number(months) - 12 * Number(years));
  const last = new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1, 0)).getUTCDate();
  at.setUTCDate(Math.min(day, last));
  at.setUTCDate(at.getUTCDate() - Number(days));
  return at.getTime();
}

/** Whether the law wants a record kept, whatever its data subject asks for: until its contract's retention ends. */
export function isRetained({ file }: Contract, entryTime: number, now: number): boolean {
  return file.erasure.mode === 'retain' && entryTime > periodBefore(file.retention.period, now);
}
