import type { Log } from '../ledger/log.ts';
import { exceptionWords } from '../predictions/exception-words.ts';
import { entryNode, type GraphBuilder, type LineageNode } from './graph.ts';
import type { PredictionRow } from './prediction-rows.ts';

/**
 * A prediction as lists show it, with the erasure where its payload is gone.
 *
 * @param log the caller's: a log that succeeds another may have erased what that holds
 */
export function addPrediction(graph: GraphBuilder, log: Log, row: PredictionRow): LineageNode {
  const holder = log.holderOf(row.log);
  if (holder === undefined) throw new Error('a prediction of a log that is not the caller’s');
  const node = graph.state(holder, row.index, {
    id: entryNode(holder, row.index), kind: 'prediction', prediction: row.id, model: row.model, version: row.version, time: new Date(row.time).toISOString(),
    ...(row.deployment !== null && { deployment: row.deployment }),
    ...(row.exceptions !== null && { exceptions: exceptionWords(row.exceptions) }),
    ...(row.erased && { erased: true }),
  });
  const by = row.erasedLog === null ? undefined : log.holderOf(row.erasedLog);
  if (by !== undefined && row.erasedIndex !== null) {
    const erasure = graph.state(by, row.erasedIndex, { id: entryNode(by, row.erasedIndex), kind: 'erasure' });
    graph.link(node.id, 'erased-by', erasure.id);
  }
  return node;
}
