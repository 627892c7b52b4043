import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { installNativeSha256 } from '../ledger/native-sha256.ts';
import { checkBundle } from './verify-bundle.ts';

const USAGE = `Verifies an evidence bundle, offline. Needs Node 20.19 or newer, and nothing else.

  node verify.mjs [bundle.zip | folder] [--vkey <vkey | @file>] [--json]

Without a place, the folder in which this file lies is verified. Give the log's vkey that you had from elsewhere:
without it the key in the bundle is taken at its word, and the answer says so.
Exit codes: 0 valid, 1 not valid, 2 could not check.
`;

interface Given {
  help: boolean;
  place: string;
  vkey: string | undefined;
  json: boolean;
}

function readArguments(): Given | undefined {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { vkey: { type: 'string' }, json: { type: 'boolean', default: false }, help: { type: 'boolean', short: 'h', default: false } },
    });
    const [place = dirname(fileURLToPath(import.meta.url)), ...more] = positionals;
    return more.length > 0 ? undefined : { help: values.help, place, vkey: values.vkey, json: values.json };
  } catch {
    return undefined;
  }
}

// A reader that has seen enough, as `head`, is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

const given = readArguments();
if (given === undefined) {
  process.stderr.write(USAGE);
  process.exitCode = 2;
} else if (given.help) {
  process.stdout.write(USAGE);
} else {
  installNativeSha256();
  const showing = process.stderr.isTTY && !given.json;
  const onProgress = (done: number): void => {
    if (showing) process.stderr.write(done === 1 ? '\r       \r' : `\r${Math.floor(done * 100)} %`);
  };
  await checkBundle(given.place, { vkey: given.vkey, json: given.json, onProgress });
}
