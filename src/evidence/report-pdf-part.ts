import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { packageFolder } from '../database/package-folder.ts';
import type { BundlePart } from './bundle-part.ts';

/** What a process needs that lays out a report: pages are held until the last one is known. */
const MEMORY_MB = 512;

/**
 * `README.pdf`: the same report, to be printed. Laying out pages keeps a processor busy for seconds at a stretch, so a process of
 * its own does it, behind whatever else the machine has to do: no append waits for it, and its memory goes with it.
 */
export const pdfReportPart: BundlePart = async function* pdfReport(folder, manifest) {
  const child = spawn(process.execPath, [`--max-old-space-size=${MEMORY_MB}`, program(), folder], { stdio: ['pipe', 'pipe', 'pipe'], env: {} });
  if (child.pid !== undefined) lower(child.pid);
  child.stdin.on('error', () => undefined).end(JSON.stringify(manifest));
  yield { path: 'README.pdf', bytes: outputOf(child) };
};

async function* outputOf(child: ChildProcessByStdio<Writable, Readable, Readable>): AsyncIterable<Uint8Array> {
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (said: string) => (complaint = `${complaint}${said}`.slice(-2000)));
  const ended = new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
  // Awaited below; what reads the output may stop before.
  ended.catch(() => undefined);
  try {
    for await (const piece of child.stdout) yield piece as Uint8Array;
    const code = await ended;
    if (code !== 0) throw new Error(`the PDF of the report was not made: ${complaint.trim() || `exit code ${code}`}`);
  } finally {
    child.kill();
  }
}

function lower(pid: number): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // It has ended, or the system lets nobody do so: it works all the same.
  }
}

/** The program beside this file; where this runs from its sources, the one that was built from them. */
function program(): string {
  const beside = fileURLToPath(new URL('report-pdf-child.js', import.meta.url));
  return existsSync(beside) ? beside : join(packageFolder(), 'dist/src/evidence/report-pdf-child.js');
}
