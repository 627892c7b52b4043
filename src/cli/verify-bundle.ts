import { CoreError } from '../core/core-error.ts';
import { verifyBundle } from '../core/verify-bundle.ts';
import type { VerifierKey } from '../core/vkey.ts';
import { nativeRunningSha256, openBundle } from './verify-bundle-source.ts';
import { bundleText } from './verify-bundle-text.ts';
import { readVkey } from './verify-input.ts';
import { printable } from './verify-verdict.ts';

export interface VerifyBundleCommand {
  /** The log's vkey, or `@` and a file with it. */
  vkey: string | undefined;
  json: boolean;
  /** Told the share that is done, from 0 to 1. */
  onProgress: (done: number) => void;
}

/**
 * Verifies the bundle in a zip or folder and says what came of it. Sets the exit code: 0 valid, 1 not valid, 2 could not check.
 */
export async function checkBundle(path: string, { vkey, json, onProgress }: VerifyBundleCommand): Promise<void> {
  try {
    const key: VerifierKey | undefined = vkey === undefined ? undefined : await readVkey(vkey);
    const { source, close } = await openBundle(path);
    try {
      const report = await verifyBundle(source, { vkey: key, newHash: nativeRunningSha256, onProgress });
      process.exitCode = report.findingCount === 0 ? 0 : 1;
      process.stdout.write(json ? `${JSON.stringify({ result: report.findingCount === 0 ? 'valid' : 'not-valid', ...report })}\n` : bundleText(report));
    } finally {
      await close();
    }
  } catch (error) {
    const code = error instanceof CoreError ? error.code : undefined;
    // A file that is no bundle was checked, and is not valid; one that cannot be read was not checked.
    process.exitCode = code === undefined ? 2 : 1;
    const message = error instanceof Error ? error.message : String(error);
    const result = code === undefined ? 'not-checked' : 'not-valid';
    if (json) process.stdout.write(`${JSON.stringify({ result, message, ...(code !== undefined && { code }) })}\n`);
    else if (code === undefined) process.stderr.write(`COULD NOT CHECK: ${printable(message)}\n`);
    else process.stdout.write(`NOT VALID\n\n${printable(message)} [${code}]\n`);
  }
}
