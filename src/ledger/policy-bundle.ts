import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { canonicalize } from '../core/canonical-json.ts';
import { equalBytes } from '../core/bytes.ts';
import { PolicyError } from './policy-error.ts';

const MAX_FILES = 1000;
const MAX_FILE_BYTES = 4 * 1024 * 1024;

/** The policy files as they were at start, and the digest that every entry names (docs/spec/policy-digest.md). */
export class PolicyBundle {
  /** Relative path with `/` → SHA-256 of the file with LF line ends, hexadecimal. */
  readonly files: Readonly<Record<string, string>>;
  /** 32 bytes. */
  readonly digest: Uint8Array;
  /** The files' text, LF line ends, by relative path. */
  readonly texts: ReadonlyMap<string, string>;

  private constructor(texts: ReadonlyMap<string, string>) {
    this.texts = texts;
    this.files = Object.fromEntries([...texts].map(([path, text]) => [path, sha256(text).toString('hex')]));
    this.digest = sha256(canonicalize({ ...this.files }));
  }

  get digestHex(): string {
    return Buffer.from(this.digest).toString('hex');
  }

  is(digest: Uint8Array): boolean {
    return equalBytes(digest, this.digest);
  }

  /**
   * Reads every file below a folder; names that begin with a dot are left out.
   *
   * @throws PolicyError when the folder is missing or empty, or holds something other than text files
   */
  static async read(folder: string): Promise<PolicyBundle> {
    const texts = new Map<string, string>();
    for (const path of await filesBelow(folder, '')) {
      if (texts.size >= MAX_FILES) throw new PolicyError(`${folder} holds more than ${MAX_FILES} files`);
      texts.set(path, await readText(join(folder, path), path));
    }
    if (texts.size === 0) throw new PolicyError(`${folder} holds no policy files: set POLICIES_DIR to the folder that does`);
    return new PolicyBundle(texts);
  }
}

async function filesBelow(folder: string, prefix: string): Promise<string[]> {
  const entries = await readdir(join(folder, prefix), { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    throw new PolicyError(`POLICIES_DIR ${folder} cannot be read: ${error.code}`);
  });
  const paths: string[] = [];
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.name.startsWith('.')) continue;
    const path = prefix === '' ? entry.name : `${prefix}/${entry.name}`;
    if (entry.isDirectory()) paths.push(...(await filesBelow(folder, path)));
    else if (entry.isFile()) paths.push(path);
    else throw new PolicyError(`${path} in the policies is neither a file nor a folder`);
  }
  return paths;
}

async function readText(file: string, path: string): Promise<string> {
  const bytes = await readFile(file);
  if (bytes.length > MAX_FILE_BYTES) throw new PolicyError(`${path} is larger than ${MAX_FILE_BYTES} bytes`);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes).replaceAll('\r\n', '\n');
  } catch {
    throw new PolicyError(`${path} is not UTF-8 text`);
  }
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text, 'utf8').digest();
}
