/* oxlint-disable import/no-unassigned-import -- only that they are loaded matters */
// Jest's loader fails when modules that share others are asked for at the same moment, as the command line does.
import 'reflect-metadata';
import '../../src/cli/backup.ts';
import '../../src/cli/fsck.ts';
import '../../src/cli/models.ts';
import '../../src/cli/policy.ts';
import '../../src/cli/rebuild.ts';
import '../../src/cli/recover.ts';
import '../../src/cli/restore.ts';
import '../../src/cli/tenant.ts';
import { jest } from '@jest/globals';
import { run } from '../../src/cli/run.ts';

export interface Outcome {
  code: number | string | null | undefined;
  out: string;
  err: string;
}

/** Runs the command line within this process, with these variables in its environment. */
export async function runCommand(args: readonly string[], env: Record<string, string> = {}): Promise<Outcome> {
  const outcome: Outcome = { code: null, out: '', err: '' };
  const out = jest.spyOn(process.stdout, 'write').mockImplementation((text) => ((outcome.out += String(text)), true));
  const err = jest.spyOn(process.stderr, 'write').mockImplementation((text) => ((outcome.err += String(text)), true));
  const [before, home] = [process.exitCode, { ...process.env }];
  process.exitCode = 0;
  Object.assign(process.env, env);
  try {
    await run(args);
    outcome.code = process.exitCode;
  } finally {
    process.exitCode = before;
    process.env = home;
    out.mockRestore();
    err.mockRestore();
  }
  return outcome;
}
