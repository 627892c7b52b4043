// A process of its own that appends erasures until it is killed: node journal-child.ts <file> <origin>. Says each number once it is durable.
import { FileErasureJournal } from '../../src/vault/file-erasure-journal.ts';

const [path = '', origin = ''] = process.argv.slice(2);
const journal = new FileErasureJournal(path);
for (let i = 1; ; i++) {
  await journal.append(origin, { v: 1, kind: 'erasure', id: `e-${i}`, keys: [1, 2], time: '2026-11-27T12:00:00.000Z' });
  process.send?.(i);
}
