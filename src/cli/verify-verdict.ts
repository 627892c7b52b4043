import { CoreError, type CoreErrorCode } from '../core/core-error.ts';

/** What held: sentences for people, members for machines. */
export interface Report {
  proved: string[];
  notProved: string[];
}

/** Something was checked and does not hold. Exit code 1. */
export class NotValid extends Error {
  override readonly name = 'NotValid';
  readonly code: CoreErrorCode | 'tile-wrong';
  /** The first leaf index that is bad, where one can be named. */
  readonly index: number | undefined;

  constructor(code: CoreErrorCode | 'tile-wrong', message: string, index?: number) {
    super(message);
    this.code = code;
    this.index = index;
  }
}

/** The check could not be made: a file or server that is not there, a key that is no key. Exit code 2. */
export class CannotCheck extends Error {
  override readonly name = 'CannotCheck';
}

/**
 * Runs a check and says what came of it: on standard output, the reason why nothing could be checked on standard error.
 * Sets the exit code: 0 valid, 1 not valid, 2 could not check.
 */
export async function deliver(json: boolean, check: () => Promise<Report>): Promise<void> {
  try {
    const report = await check();
    process.stdout.write(json ? line({ result: 'valid', ...report }) : valid(report));
  } catch (error) {
    const fault = error instanceof CoreError ? new NotValid(error.code, error.message) : error;
    if (fault instanceof NotValid) {
      process.exitCode = 1;
      process.stdout.write(json ? line({ result: 'not-valid', ...members(fault) }) : notValid(fault));
    } else {
      process.exitCode = 2;
      const message = error instanceof Error ? error.message : String(error);
      if (json) process.stdout.write(line({ result: 'not-checked', message }));
      else process.stderr.write(`COULD NOT CHECK: ${printable(message)}\n`);
    }
  }
}

function valid({ proved, notProved }: Report): string {
  return `VALID\n\nProved:\n${list(proved)}\nNot proved:\n${list(notProved)}`;
}

function notValid({ code, message, index }: NotValid): string {
  const where = index === undefined ? '' : `First bad index: ${index}\n`;
  return `NOT VALID: ${printable(message)}\n${where}Code: ${code} (docs/errors.md says what it means)\n`;
}

function members({ code, message, index }: NotValid): object {
  return { code, message, ...(index === undefined ? {} : { index }) };
}

function list(sentences: readonly string[]): string {
  return sentences.map((sentence) => `  - ${printable(sentence)}\n`).join('');
}

function line(value: object): string {
  return `${JSON.stringify(value)}\n`;
}

/** Text that may hold what an untrusted log wrote, without characters that could steer a terminal. */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, '\ufffd');
}
