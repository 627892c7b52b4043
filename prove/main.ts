// `npm run prove`: shows what must be shown, and writes down with what figures.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { installNativeSha256 } from '../src/ledger/native-sha256.ts';
import { accessRules } from './access-rules.ts';
import { evidence } from './evidence.ts';
import { forgetting } from './forgetting.ts';
import { guessing } from './guessing.ts';
import { kill } from './kill.ts';
import { lineage } from './lineage.ts';
import { mutants } from './mutants.ts';
import { readOptions } from './options.ts';
import { Progress } from './progress.ts';
import type { Proof, ProofContext } from './proof.ts';
import { replicas } from './replicas.ts';
import { writeReport } from './report.ts';
import { restore } from './restore.ts';
import { tamper } from './tamper.ts';
import { secrecy } from './secrecy.ts';
import { makeWorkFolder, removeWorkFolder } from './work-folder.ts';

const PROOFS: readonly Proof[] = [kill, replicas, tamper, restore, secrecy, forgetting, accessRules, guessing, lineage, evidence, mutants];

function contextOf(proof: Proof, progress: Progress, small: boolean, folder: string): ProofContext {
  return {
    small,
    folder,
    say: (line) => console.log(`  ${line}`),
    step: async (name, work) => {
      if (progress.has(proof.name, name)) return console.log(`  ${name}: shown before`);
      const began = performance.now();
      const figures = await work();
      const took = Math.round(performance.now() - began);
      await progress.add(proof.name, { name, took, figures });
      const told = Object.entries(figures).map(([key, value]) => `${key} ${value}`);
      console.log(`  ${name}: ${[...told, `${(took / 1000).toFixed(1)} s`].join(', ')}`);
    },
  };
}

/** Runs one proof; false, with the reason said, when it fails. */
async function show(proof: Proof, progress: Progress, small: boolean, parent: string): Promise<boolean> {
  console.log(`${proof.name}: ${proof.claim}`);
  const folder = join(parent, proof.name);
  await mkdir(folder, { mode: 0o755 });
  try {
    await proof.run(contextOf(proof, progress, small, folder));
    return true;
  } catch (error) {
    console.error(`  NOT SHOWN: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    return false;
  } finally {
    await removeWorkFolder(folder);
  }
}

async function main(): Promise<void> {
  installNativeSha256();
  const { small, only } = readOptions(process.argv.slice(2), PROOFS.map(({ name }) => name));
  const progress = await Progress.open(small);
  const folder = await makeWorkFolder();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void removeWorkFolder(folder).finally(() => process.exit(1)));
  const failed: string[] = [];
  try {
    for (const proof of PROOFS) {
      if (only.includes(proof.name) && !(await show(proof, progress, small, folder))) failed.push(proof.name);
    }
  } finally {
    await removeWorkFolder(folder);
  }
  if (failed.length > 0) throw new Error(`not shown: ${failed.join(', ')}`);
  if (small) return console.log('all of it is shown');
  if (only.length < PROOFS.length) {
    const some = PROOFS.filter(({ name }) => only.includes(name));
    // The steps stay noted: a run of all proofs need not show them again.
    return console.log(`all of it is shown; the figures are in ${await writeReport(some, progress, `prove-${only.join('-')}`)}`);
  }
  console.log(`all of it is shown; the figures are in ${await writeReport(PROOFS, progress)}`);
  await progress.clear();
}

await main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
