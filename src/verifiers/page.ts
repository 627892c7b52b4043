import type { BundleReport } from '../core/bundle-report.ts';
import { openZipBundle, type Inflate } from '../core/bundle-source.ts';
import { CoreError } from '../core/core-error.ts';
import { verifyBundle } from '../core/verify-bundle.ts';
import { ED25519, parseVkey } from '../core/vkey.ts';
import { showFailure, showReport } from './page-report.ts';

/** How long the page may be busy before it draws itself again, in ms. */
const BUSY_MS = 50;

/** DEFLATE undone by the browser. Neither `ReadableStream.from` nor reading a stream by `for await` is in every browser. */
const inflate: Inflate = async function* inflatePieces(deflated) {
  const raw = new DecompressionStream('deflate-raw');
  const writer = raw.writable.getWriter();
  const writing = (async () => {
    for await (const piece of deflated) await writer.write(piece as Uint8Array<ArrayBuffer>);
    await writer.close();
  })();
  // Told where the stream is read, below.
  writing.catch(() => undefined);
  const reader = raw.readable.getReader();
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
    await writing;
  } finally {
    await reader.cancel().catch(() => undefined);
  }
};

/**
 * Verifies the bundle in a zip file that was dropped on the page. Nothing of it leaves the machine.
 *
 * @param vkey the log's key as somebody typed it; empty where nobody has it
 * @throws CoreError `zip-malformed`, `vkey-malformed`
 */
async function verifyFile(file: Blob, vkey: string, onProgress: (done: number) => void): Promise<BundleReport> {
  const key = vkey.trim() === '' ? undefined : parseVkey(vkey.trim());
  if (key !== undefined && key.type !== ED25519) throw new CoreError('vkey-malformed', 'this is not a log’s Ed25519 key');
  const read = async (offset: number, length: number): Promise<Uint8Array> => new Uint8Array(await file.slice(offset, offset + length).arrayBuffer());
  const source = await openZipBundle({ size: file.size, read }, inflate);
  let drawn = performance.now();
  return verifyBundle(source, {
    vkey: key,
    onProgress: (done) => {
      if (performance.now() - drawn < BUSY_MS) return undefined;
      onProgress(done);
      return new Promise((resolve) => {
        setTimeout(() => {
          drawn = performance.now();
          resolve();
        });
      });
    },
  });
}

function start(): void {
  const element = (id: string): HTMLElement => document.querySelector(`#${id}`) as HTMLElement; // each is in page.html
  const input = element('bundle') as HTMLInputElement;
  const vkey = element('vkey') as HTMLInputElement;
  const drop = element('drop');
  const status = element('status');
  const result = element('result');
  let file: Blob | undefined;
  let running = 0;
  const run = async (): Promise<void> => {
    if (file === undefined) return;
    const turn = ++running;
    const tell = (text: string): void => {
      if (turn === running) status.textContent = text;
    };
    result.replaceChildren();
    tell('Checking …');
    try {
      const report = await verifyFile(file, vkey.value, (done) => tell(`Checking … ${Math.floor(done * 100)} %`));
      if (turn === running) showReport(report, status, result);
    } catch (error) {
      if (turn === running) showFailure(error, status, result);
    }
  };
  const take = (files: FileList | null | undefined): void => {
    file = files?.[0] ?? file;
    void run();
  };
  input.addEventListener('change', () => take(input.files));
  vkey.addEventListener('change', () => void run());
  drop.addEventListener('dragover', (event) => event.preventDefault());
  drop.addEventListener('drop', (event) => {
    event.preventDefault();
    take(event.dataTransfer?.files);
  });
}

// For whoever drives the page by a script, and for its own tests.
Object.assign(globalThis, { verifyEvidenceBundle: verifyFile });
if (typeof document !== 'undefined') start();
