// A process of its own that makes keys in a file: node kek-file-child.ts <file> <prefix> <count>. Says each name once it is durable.
import { KekFile } from '../../src/vault/kek-file.ts';

const [path = '', prefix = '', count = '0'] = process.argv.slice(2);
const provider = new KekFile(path);
for (let i = 0; i < Number(count); i++) {
  await provider.create(`${prefix}-${i}`);
  process.send?.(`${prefix}-${i}`);
}
process.disconnect();
