import { fileURLToPath } from 'node:url';

/** Path of another file of the bench, to run as a process: `name` without its ending, which is that of the file that asks. */
export function siblingOf(url: string, name: string): string {
  return fileURLToPath(new URL(`${name}${url.endsWith('.ts') ? '.ts' : '.js'}`, url));
}
