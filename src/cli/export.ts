import { createWriteStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { SingleBar } from 'cli-progress';
import type { Command } from 'commander';

const POLL_MS = 1000;
const TRIES = 20;

interface ExportOptions {
  framework: string;
  from: string;
  to: string;
  out: string;
  nonce?: string;
  size?: string;
  receipts?: true;
  url: string;
  keyFile?: string;
}

interface Shown {
  id: string;
  state: string;
  size?: number;
  digest?: string;
  length?: number;
  progress: { stage: string; entries: number; of: number | null; rows: number; bytes: number };
}

/** `prediction-ledger export`: asks a service for a bundle, waits for it, and takes it. */
export function registerExport(program: Command): void {
  program
    .command('export')
    .requiredOption('--framework <id>', 'of policies/controls, such as soc2')
    .requiredOption('--from <time>', 'RFC 3339; at or after it')
    .requiredOption('--to <time>', 'RFC 3339; before it')
    .requiredOption('--out <file>', 'where the zip goes; what is there of it already is gone on from')
    .option('--nonce <hex>', 'the auditor’s 64 hexadecimal digits, by which samples are drawn')
    .option('--size <entries>', 'the range, of a checkpoint that was published: for the same bundle again')
    .option('--receipts', 'with payloads and salts beside what is sampled, for who may read them all')
    .option('--url <url>', 'of the service', 'http://127.0.0.1:3000')
    .option('--key-file <file>', 'holds the API key of a compliance officer; PREDICTION_LEDGER_KEY unless said')
    .description('Makes an evidence bundle of a framework and a period, and downloads it.')
    .action((options: ExportOptions) => exportBundle(options));
}

async function exportBundle(options: ExportOptions): Promise<void> {
  const key = options.keyFile === undefined ? process.env['PREDICTION_LEDGER_KEY'] : (await readFile(options.keyFile, 'utf8')).trim();
  if (key === undefined || key === '') throw new Error('say whose key: --key-file, or PREDICTION_LEDGER_KEY');
  const call: Call = (path, { headers, ...init } = {}) => fetch(new URL(path, options.url), { ...init, headers: { authorization: `Bearer ${key}`, ...headers } });
  const { framework, from, to, nonce, size, receipts } = options;
  const asked = await call('/v1/evidence', {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ framework, from, to, ...(nonce !== undefined && { nonce }), ...(size !== undefined && { size: Number(size) }), ...(receipts === true && { receipts }) }),
  });
  const { id } = (await answer(asked)) as unknown as Shown;
  const made = await waitFor(id, call);
  await download(made, options.out, call);
  process.stdout.write(`${JSON.stringify({ id, digest: made.digest, size: made.size, length: made.length, out: options.out })}\n`);
}

type Call = (path: string, init?: { method?: string; body?: string; headers?: Record<string, string> }) => Promise<Response>;

async function waitFor(id: string, call: Call): Promise<Shown> {
  const bar = process.stderr.isTTY ? new SingleBar({ format: '{bar} {percentage} % | {stage} | {value} of {total} entries | {rows} rows', stream: process.stderr, clearOnComplete: true, hideCursor: false, linewrap: true }) : undefined;
  bar?.start(1, 0, { stage: 'waiting', rows: 0 });
  try {
    for (let failures = 0; ; await sleep(POLL_MS)) {
      const shown = await call(`/v1/evidence/${id}`).then(answer).catch((error: unknown) => {
        // The service may be starting anew; the bundle goes on.
        if (++failures > TRIES || error instanceof Refused) throw error;
        return undefined;
      });
      if (shown === undefined) continue;
      failures = 0;
      const { state, progress } = shown as unknown as Shown;
      bar?.setTotal(progress.of ?? 1);
      bar?.update(progress.entries, { stage: progress.stage, rows: progress.rows });
      if (state === 'made') return shown as unknown as Shown;
      if (state !== 'waiting' && state !== 'running') throw new Refused(`the bundle ${id} is ${state}`);
    }
  } finally {
    bar?.stop();
  }
}

/** Goes on where a download was broken off. */
async function download({ id, digest, length = 0 }: Shown, out: string, call: Call): Promise<void> {
  for (let tries = 0; tries < TRIES; tries++) {
    const done = tries === 0 ? 0 : (await stat(out)).size;
    if (done >= length) return;
    const response = await call(`/v1/evidence/${id}/bundle`, done === 0 ? {} : { headers: { range: `bytes=${done}-`, 'if-range': `"${digest}"` } });
    if (!response.ok || response.body === null) await answer(response);
    await pipeline(response.body ?? [], createWriteStream(out, { flags: response.status === 206 ? 'a' : 'w', mode: 0o600 })).catch(() => sleep(POLL_MS));
    if ((await stat(out)).size === length) return;
  }
  throw new Error(`the bundle ${id} could not be downloaded`);
}

class Refused extends Error {
  override readonly name = 'Refused';
}

async function answer(response: Response): Promise<Record<string, unknown>> {
  const body = (await response.json()) as Record<string, unknown>;
  if (response.ok) return body;
  const errors = (Array.isArray(body['errors']) ? body['errors'] : []) as { at: string; detail: string }[];
  throw new Refused([`${String(body['title'])}: ${String(body['detail'])}`, ...errors.map(({ at, detail }) => `${at} ${detail}`)].join('\n'));
}
