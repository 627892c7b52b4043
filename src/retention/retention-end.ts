import type { Contract } from '../contracts/contract.ts';

const PERIOD = /^P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)D)?$/;

/**
 * When a contract's retention of a record ends, in UTC. Where the month has no such day, on its last one.
 *
 * @param times ms since 1970
 */
export function retentionEnd({ file }: Contract, times: { entry: number; prediction: number | undefined }): number {
  const { period, from } = file.retention;
  const [, years = '0', months = '0', days = '0'] = PERIOD.exec(period) ?? [];
  const at = new Date(from === 'prediction' ? (times.prediction ?? times.entry) : times.entry);
  const day = at.getUTCDate();
  at.setUTCDate(1);
  at.setUTCMonth(at.getUTCMonth() + Number(months) + 12 * Number(years));
  const last = new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1, 0)).getUTCDate();
  at.setUTCDate(Math.min(day, last) + Number(days));
  return at.getTime();
}
