import { spawn } from 'node:child_process';
import { command, quote } from './narrator.ts';

export interface Verdict {
  /** 0 valid, 1 not valid, 2 could not be checked. */
  code: number;
  output: string;
}

/** The verifier's command line, run as a stranger would: its own process, given files, a URL and the public key. */
export class Verifier {
  readonly #main: string;
  readonly #vkey: string;
  readonly #vkeyFile: string;
  readonly #signal: AbortSignal;
  readonly #shown = new Set<string>();

  constructor(options: { main: string; vkey: string; vkeyFile: string; signal: AbortSignal }) {
    this.#main = options.main;
    this.#vkey = options.vkey;
    this.#vkeyFile = options.vkeyFile;
    this.#signal = options.signal;
  }

  /** Shows the command, runs it, shows what it says; what was shown before, word for word, is not shown again. */
  async verify(what: 'receipt' | 'log', subject: string): Promise<Verdict> {
    command(`node dist/src/cli/main.js verify ${what} ${subject} --vkey "$(cat ${this.#vkeyFile})"`);
    const verdict = await this.#run(['verify', what, subject, '--vkey', this.#vkey]);
    const [first = '', ...others] = verdict.output.trimEnd().split('\n');
    const seen = this.#shown.has(verdict.output);
    quote(seen ? `${first} (and ${others.length} more lines, word for word as above)` : verdict.output);
    quote(`exit code ${verdict.code}`);
    this.#shown.add(verdict.output);
    return verdict;
  }

  #run(args: readonly string[]): Promise<Verdict> {
    const child = spawn(process.execPath, [this.#main, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      signal: this.#signal,
    });
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
    return new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => resolve({ code: code ?? -1, output: Buffer.concat(chunks).toString('utf8') }));
    });
  }
}
