/** Where in a value something personal was found. Offsets and lengths are UTF-16 code units of the value as it was sent. */
export interface Hit {
  /** An id of the catalogue (detector-catalogue.ts). */
  detector: string;
  offset: number;
  length: number;
}

/** What a family of detectors found in the folded text: `end` is exclusive. */
export interface Find {
  detector: string;
  start: number;
  end: number;
  /** Of two finds that overlap, the surer one names the hit: 3 a checksum, 2 a form of its own, 1 a guess. */
  sure: 1 | 2 | 3;
}

/**
 * Joins finds that overlap, so that hits never do and nothing that was found stays uncovered. O(n log n).
 *
 * @returns in order of their start
 */
export function joinFinds(finds: Find[]): Find[] {
  if (finds.length < 2) return finds;
  const sorted = finds.sort((a, b) => a.start - b.start || b.end - a.end);
  const joined: Find[] = [];
  let last: Find | undefined;
  for (const find of sorted) {
    if (last === undefined || find.start >= last.end) {
      last = { ...find };
      joined.push(last);
      continue;
    }
    if (find.sure > last.sure) {
      last.detector = find.detector;
      last.sure = find.sure;
    }
    last.end = Math.max(last.end, find.end);
  }
  return joined;
}
