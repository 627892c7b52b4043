import { cp, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A copy of the shipped policies with one file written anew. The caller removes it. */
export async function policiesWith(file: string, text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'pl-policies-'));
  await cp('policies', folder, { recursive: true });
  await writeFile(join(folder, file), text);
  return folder;
}
