export interface Scored {
  score: number;
  positive: boolean;
}

export interface Metrics {
  size: number;
  /** Share of rows that are positive: what a blind guess would find among those it calls. */
  baseRate: number;
  /** At `threshold`: share of rows where "score ≥ threshold" equals the truth. */
  accuracy: number;
  /** Share of rows at or above `threshold`, and the share of those that are positive. */
  called: number;
  precision: number;
  /** Area under the ROC curve: the chance that a positive row is scored above a negative one; 0.5 is a coin. */
  auc: number;
}

/** Precondition: both classes occur in `rows`, and at least one score reaches `threshold`. */
export function measure(rows: readonly Scored[], threshold: number): Metrics {
  const called = rows.filter(({ score }) => score >= threshold);
  const right = rows.filter(({ score, positive }) => score >= threshold === positive);
  return {
    size: rows.length,
    baseRate: share(rows),
    accuracy: right.length / rows.length,
    called: called.length / rows.length,
    precision: share(called),
    auc: areaUnderRoc(rows),
  };
}

/** Mann–Whitney: from the rank sum of the positive rows, tied scores sharing their mean rank. */
export function areaUnderRoc(rows: readonly Scored[]): number {
  const sorted = rows.toSorted((a, b) => a.score - b.score);
  let rankSum = 0;
  for (let start = 0; start < sorted.length; ) {
    let end = start;
    while (end < sorted.length && sorted[end]?.score === sorted[start]?.score) end += 1;
    const positives = sorted.slice(start, end).filter(({ positive }) => positive).length;
    rankSum += positives * ((start + 1 + end) / 2);
    start = end;
  }
  const positives = rows.filter(({ positive }) => positive).length;
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * (rows.length - positives));
}

function share(rows: readonly Scored[]): number {
  return rows.filter(({ positive }) => positive).length / rows.length;
}
