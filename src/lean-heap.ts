import { setFlagsFromString } from 'node:v8';

/**
 * Collects old objects when the heap is twice what lived through the last collection. V8 by itself waits until it is about four
 * times that where the machine has room, and a service whose load is steady then holds garbage for most of its memory: 380 MB
 * where 260 do (docs/design/2026-11-27-evidence.md). Marking runs beside the work; appends do not notice.
 */
export function keepHeapLean(): void {
  setFlagsFromString('--heap-growing-percent=100');
}
