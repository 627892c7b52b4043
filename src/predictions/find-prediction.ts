import type { Caller } from '../access/caller.ts';
import { notThere, type Place } from './open-for.ts';
import { predictionColumns, PredictionTable } from './prediction-table.ts';

/** Where a prediction that the caller may see stands: in the caller's log, or in one that it succeeds. @throws Problem `not-found` */
export async function findPrediction(caller: Caller, id: string): Promise<Place> {
  const seen = caller.rows(predictionColumns(caller.classes));
  if (id.length <= 128 && !id.includes('\0')) {
    for (const log of caller.log.succession) {
      const index = await new PredictionTable(log.pool).indexOf(log.row.id, id, seen);
      if (index !== undefined) return { log, index };
    }
  }
  throw notThere();
}
