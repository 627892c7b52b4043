import { mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { packageFolder } from '../src/database/package-folder.ts';
import type { Progress, Step } from './progress.ts';
import type { Proof } from './proof.ts';

/**
 * Writes the figures of proofs as Markdown and JSON below docs/results; gives the path without its ending.
 *
 * @param name of the files, behind the date
 */
export async function writeReport(proofs: readonly Proof[], progress: Progress, name = 'prove'): Promise<string> {
  const folder = join(packageFolder(), 'docs', 'results');
  const date = new Date().toISOString();
  const path = join(folder, `${date.slice(0, 10)}-${name}`);
  const report = {
    began: progress.began,
    ended: date,
    machine: `${availableParallelism()} × ${cpus()[0]?.model.trim() ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${process.platform}, Node ${process.versions.node}`,
    proofs: proofs.map((proof) => ({ name: proof.name, claim: proof.claim, steps: progress.of(proof.name) })),
  };
  await mkdir(folder, { recursive: true });
  await writeFile(`${path}.json`, `${JSON.stringify(report, null, 1)}\n`);
  await writeFile(`${path}.md`, toMarkdown(report));
  return path;
}

interface Report {
  began: string;
  ended: string;
  machine: string;
  proofs: { name: string; claim: string; steps: readonly Step[] }[];
}

function toMarkdown({ began, ended, machine, proofs }: Report): string {
  const head = ['# What was shown', '', `\`npm run prove\`, from ${began} to ${ended}.`, '', `Machine: ${machine}.`, ''];
  return [...head, ...proofs.flatMap(({ name, claim, steps }) => [`## ${name}`, '', claim, '', ...tables(steps), ''])].join('\n');
}

/** Steps whose figures have the same names share a table. */
function tables(steps: readonly Step[]): string[] {
  const lines: string[] = [];
  let columns: string[] | undefined;
  for (const { name, took, figures } of steps) {
    const names = Object.keys(figures);
    if (columns === undefined || columns.join() !== names.join()) {
      if (columns !== undefined) lines.push('');
      columns = names;
      lines.push(`| step | ${[...names, 's'].join(' | ')} |`, `|---|${'---|'.repeat(names.length + 1)}`);
    }
    lines.push(`| ${name} | ${[...Object.values(figures), (took / 1000).toFixed(1)].join(' | ')} |`);
  }
  return lines;
}
