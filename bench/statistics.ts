/** A figure over several rounds. `low` and `high` are the quartiles. */
export interface Spread {
  median: number;
  min: number;
  low: number;
  high: number;
  max: number;
  rounds: number;
}

/** Linear interpolation between the closest ranks. `values` must not be empty; 0 <= share <= 1. */
export function quantile(values: readonly number[], share: number): number {
  if (values.length === 0) throw new RangeError('no value');
  const sorted = [...values].sort((a, b) => a - b);
  const rank = share * (sorted.length - 1);
  const below = sorted[Math.floor(rank)] as number; // both ranks lie within the array
  const above = sorted[Math.ceil(rank)] as number;
  return below + (above - below) * (rank - Math.floor(rank));
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

export function spread(values: readonly number[]): Spread {
  const at = (share: number): number => quantile(values, share);
  return { median: at(0.5), min: at(0), low: at(0.25), high: at(0.75), max: at(1), rounds: values.length };
}

/** The ratios round by round: what both sides suffered in a round falls out of them. */
export function ratios(above: readonly number[], below: readonly number[]): number[] {
  if (above.length !== below.length) throw new RangeError('the two sides have different numbers of rounds');
  return above.map((value, round) => value / (below[round] as number));
}
