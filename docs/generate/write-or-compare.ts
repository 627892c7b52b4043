import { readFile, writeFile } from 'node:fs/promises';
import { relative } from 'node:path';

/**
 * Writes a generated file; with `--check` on the command line compares it instead, and sets the exit code 1 where it is stale.
 *
 * @param command what writes it, for the message
 */
export async function writeOrCompare(file: string, text: string, command: string): Promise<void> {
  const name = relative(process.cwd(), file);
  if (!process.argv.includes('--check')) {
    await writeFile(file, text);
    return;
  }
  const present = await readFile(file, 'utf8').catch(() => '');
  if (present.replaceAll('\r\n', '\n') === text) return;
  process.stderr.write(`${name} is stale: run "${command}" and commit it\n`);
  process.exitCode = 1;
}
