import { join } from 'node:path';
import { LedgerClient } from './ledger-client.ts';
import { freePort, LedgerService } from './ledger-service.ts';
import { Needles } from './needles.ts';
import { drawPatient, recordOf, secretsOf, type Patient } from './planted.ts';
import { mustHold, type Figures, type Proof, type ProofContext } from './proof.ts';
import { searchFiles, searchTables } from './searches.ts';

export const secrecy: Proof = {
  name: 'secrecy',
  claim:
    'Names, e-mail addresses, social security and medical record numbers, dates of birth, addresses and free text that hides them are posted; none of them is found, plain, in hexadecimal or in base64, in a dump of every table, in any file of the data folder with the write-ahead log, in the log, or in any answer to an auditor.',
  async run(context) {
    await context.step('the search itself', findsWhatIsThere);
    await context.step('planted values', () => plantAndSearch(context));
  },
};

/** A search that finds nothing anywhere would show nothing. */
async function findsWhatIsThere(): Promise<Figures> {
  let looked = 0;
  for (const secret of secretsOf(drawPatient())) {
    for (const before of ['', 'a', 'ab', 'abc']) {
      const bytes = Buffer.from(`${before}${secret}xyz`);
      for (const hiding of [bytes, bytes.toString('hex'), bytes.toString('hex').toUpperCase(), bytes.toString('base64')]) {
        const needles = new Needles([secret]);
        // In two pieces, as a file may be read.
        const hidden = Buffer.concat([Buffer.alloc(100, 1), Buffer.from(hiding as string), Buffer.alloc(100, 1)]);
        needles.look(hidden.subarray(0, 105), 'here');
        needles.look(hidden.subarray(105), 'here');
        mustHold(needles.findings.length === 1, 'the search does not find what is there');
        looked += 1;
      }
    }
  }
  return { forms: looked };
}

async function plantAndSearch({ small, folder, say }: ProofContext): Promise<Figures> {
  const records = small ? 200 : 5000;
  const service = new LedgerService({ dataDir: join(folder, 'data'), port: await freePort(), env: { PUBLISH_INTERVAL_MS: '100', LOG_LEVEL: 'debug' } });
  service.start();
  await service.ready();
  const patients = Array.from({ length: records }, drawPatient);
  const needles = new Needles(patients.flatMap(secretsOf));
  try {
    await post(service, patients);
    await askEverything(service, records, needles);
  } finally {
    await service.stop();
  }
  needles.look(Buffer.from(await service.said()), 'the log');
  needles.end();
  const tables = await searchTables(service.dataDir, needles);
  const { files, bytes } = await searchFiles(service.dataDir, needles);
  for (const finding of needles.findings.slice(0, 20)) say(finding);
  mustHold(needles.findings.length === 0, `${needles.findings.length} places hold what must not stand there: ${needles.findings.slice(0, 5).join('; ')}`);
  return { records, values: patients.length * secretsOf(patients[0] as Patient).length, tables, files, megabytes: Math.round(bytes / 1e6), found: 0 };
}

/** Half of them for the clinical contract, half for a model without one; in batches and one by one. */
async function post(service: LedgerService, patients: readonly Patient[]): Promise<void> {
  const headers = { authorization: `Bearer ${await service.key('producer')}` };
  const lines = patients.map((patient, i) => JSON.stringify(recordOf(`r-${i}`, patient, i % 2 === 0)));
  for (let from = 0; from < lines.length; from += 100) {
    const body = lines.slice(from, from + 100).join('\n');
    const response = await fetch(`${service.url}/v1/predictions/batch`, { method: 'POST', headers: { ...headers, 'content-type': 'application/x-ndjson' }, body });
    const { results } = (await response.json()) as { results: { status: number; problem?: object }[] };
    const refused = results.find(({ status }) => status !== 201);
    mustHold(refused === undefined, `a record was not taken in: ${JSON.stringify(refused)}`);
  }
  // Retries, conflicts and refusals must not tell anything either.
  for (const [i, patient] of patients.slice(0, 20).entries()) {
    for (const change of [{}, { version: '9' }, { surprise: patient.name }, { inputs: { mrn: patient.mrn, extra: patient.ssn } }]) {
      const body = JSON.stringify({ ...recordOf(`r-${i}`, patient, true), ...change });
      await (await fetch(`${service.url}/v1/predictions`, { method: 'POST', headers: { ...headers, 'content-type': 'application/json' }, body })).arrayBuffer();
    }
  }
}

/** Every kind of answer that an auditor gets. */
async function askEverything(service: LedgerService, records: number, needles: Needles): Promise<void> {
  const auditor = new LedgerClient(service.url, await service.key('auditor'));
  const look = async (path: string): Promise<void> => {
    needles.look(Buffer.from(await auditor.get(path)), path);
    needles.end();
  };
  for (let i = 0; i < records; i += Math.ceil(records / 200)) for (const path of ['', '/receipt', '/proof']) await look(`/v1/predictions/r-${i}${path}`);
  await look('/v1/predictions?limit=1000');
  for (const path of ['/v1/log/entries/1', '/logs/default/checkpoint', '/logs/default/tile/entries/000.p/1', '/metrics', '/openapi.json', '/health/ready']) {
    const response = await fetch(`${service.url}${path}`, { headers: { authorization: `Bearer ${await service.key('auditor')}` } });
    needles.look(Buffer.from(await response.arrayBuffer()), path);
    needles.end();
  }
}
