import { setFlagsFromString } from 'node:v8';

/** Two guesses of V8's that are wrong for a service under steady load (docs/design/append-path.md, docs/design/2026-11-27-evidence.md). */
export function settleHeap(): void {
  // Every new object is young. Left to itself V8 learns that objects made at some places live long, and makes those old at
  // once. Here an append's objects live until its commit, which outlasts a collection, and are dead soon after; made old,
  // they hold on to all that they refer to until the next full collection: whole records grew old, a fifth of all that was made.
  setFlagsFromString('--no-allocation-site-pretenuring');
  // Old objects are collected when the heap is twice what lived through the last collection. V8 waits until it is about four
  // times that where the machine has room: 380 MB where 260 do. Marking runs beside the work.
  setFlagsFromString('--heap-growing-percent=100');
}
