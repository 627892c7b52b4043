import type { Verdict } from './bundle-documents.ts';
import { CoreError, type CoreErrorCode } from './core-error.ts';

/** Something about a file of a bundle that does not hold. `at`: a line, a JSON pointer, a byte offset, as the message says. */
export interface Finding {
  file: string;
  code: CoreErrorCode;
  message: string;
  at?: string;
}

/** What was checked of a file, in words. */
export interface FileCheck {
  path: string;
  bytes: number;
  checked: string[];
  notProved: string[];
}

/** What was checked of a sample. Counts of rows; `proved` are entries whose place in the log was proved, `opened` payloads. */
export interface SampleCheck {
  file: string;
  assertion: string;
  control: string;
  method: 'seeded' | 'all';
  drawn: number;
  of: number;
  proved: number;
  opened: number;
}

/** What became of the check of a bundle. It is valid when there is no finding. */
export interface BundleReport {
  /** SHA-256 of the manifest in hex: the bundle's digest. Null where there is no manifest. */
  digest: string | null;
  about: { framework: string; edition: string; from: string; to: string; origin: string; size: number } | null;
  controls: { id: string; title: string; verdict: Verdict }[];
  files: FileCheck[];
  samples: SampleCheck[];
  /** The first of them; `findingCount` counts all. */
  findings: Finding[];
  findingCount: number;
  /** Sentences, fit to be shown. */
  proved: string[];
  notProved: string[];
}

const MAX_FINDINGS = 200;

/** Gathers what does not hold, so that one fault does not hide the others. */
export class Findings {
  readonly list: Finding[] = [];
  count = 0;

  add(file: string, code: CoreErrorCode, message: string, at?: string): void {
    this.count++;
    if (this.list.length < MAX_FINDINGS) this.list.push({ file, code, message, ...(at !== undefined && { at }) });
  }

  /** Runs a check of a file; what it refuses is a finding, and the answer then undefined. */
  async during<T>(file: string, check: () => T | Promise<T>, line?: number): Promise<T | undefined> {
    try {
      return await check();
    } catch (error) {
      this.refused(file, error, line);
      return undefined;
    }
  }

  /** As `during`, at once. */
  at<T>(file: string, check: () => T, line?: number): T | undefined {
    try {
      return check();
    } catch (error) {
      this.refused(file, error, line);
      return undefined;
    }
  }

  private refused(file: string, error: unknown, line: number | undefined): void {
    if (!(error instanceof CoreError)) throw error;
    if (line === undefined) this.add(file, error.code, error.message, error.at);
    else this.add(file, error.code, `line ${line}: ${error.message}`, String(line));
  }
}
