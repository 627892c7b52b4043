import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fromHex, toHex, utf8 } from '../src/core/bytes.ts';
import { parseReceipt } from '../src/core/receipt.ts';
import { verifyReceipt } from '../src/core/verify-receipt.ts';
import { parseVkey } from '../src/core/vkey.ts';
import { openDatabase } from '../src/database/database.ts';
import { readSettings } from '../src/settings.ts';
import { Epoch } from '../src/vault/epoch.ts';
import { openKekProvider } from '../src/vault/open-kek-provider.ts';
import { runCommand } from './child-processes.ts';
import { LedgerClient } from './ledger-client.ts';
import { freePort, LedgerService } from './ledger-service.ts';
import { Needles } from './needles.ts';
import { drawPatient, recordOf, secretsOf, type Patient } from './planted.ts';
import { mustHold, type Figures, type Proof, type ProofContext } from './proof.ts';
import { verifyPublicLog, vkeyOf } from './public-log.ts';
import { searchFiles, searchTables } from './searches.ts';

export const forgetting: Proof = {
  name: 'forgetting',
  claim:
    'Data subjects are erased and the epoch of keys is ended: with every key that is left and a backup from before, nothing of theirs opens and no age is found again by trying all of them; every proof, the receipts of others and the whole log verify; a retry is gone, a second erasure is answered like the first, and a legal hold wins.',
  async run(context) {
    await context.step('erased and irrecoverable', () => forget(context));
  },
};

async function forget({ small, folder, say }: ProofContext): Promise<Figures> {
  const [erasedCount, othersCount] = small ? [8, 24] : [100, 400];
  const service = new LedgerService({ dataDir: join(folder, 'data'), port: await freePort(), env: { PUBLISH_INTERVAL_MS: '50' } });
  service.start();
  await service.ready();
  const erased = Array.from({ length: erasedCount }, drawPatient);
  const others = Array.from({ length: othersCount }, drawPatient);
  const held = drawPatient();
  const backup = join(folder, 'before.zip');
  let receipts: string[] = [];
  let indices: number[] = [];
  try {
    const desk = await Desk.open(service);
    await desk.post([...erased, ...others, held]);
    receipts = await desk.receiptsOf([...erased, ...others, held].map((_, i) => `f-${i}`));
    mustHold((await runCommand(['backup', backup], service.environment)).code === 0, 'no backup was made');
    await desk.hold(held);
    for (const patient of erased) await desk.erase(patient);
    await desk.eraseIsRefused(held);
    const again = [await desk.erase(erased[0] as Patient), await desk.erase(drawPatient())];
    mustHold(JSON.stringify(again[0]) === JSON.stringify(again[1]), 'a second erasure is answered unlike that of an unknown subject');
    await desk.endEpoch();
    indices = await desk.provesWhatIsLeft(receipts, erasedCount);
  } finally {
    await service.stop();
  }
  const fsck = await runCommand(['fsck', '--json'], service.environment);
  mustHold(fsck.code === 0, `fsck: ${fsck.stdout}${fsck.stderr}`);
  const needles = new Needles(erased.flatMap(secretsOf));
  const tables = await searchTables(service.dataDir, needles);
  const { files } = await searchFiles(service.dataDir, needles);
  for (const finding of needles.findings.slice(0, 20)) say(finding);
  mustHold(needles.findings.length === 0, `${needles.findings.length} places hold what was erased`);
  const tried = await tryEveryKey(service.dataDir, backup, join(folder, 'restored'), new Set(indices));
  const guesses = guessAges(receipts.slice(0, erasedCount), receipts.slice(erasedCount));
  return { subjects: erasedCount, payloads: indices.length, tables, files, ...tried, guesses, found: 0 };
}

/** What an attacker with an old backup and every key that is left can open of the erased payloads: nothing. */
async function tryEveryKey(dataDir: string, backup: string, restored: string, erased: ReadonlySet<number>): Promise<Figures> {
  await mkdir(restored, { mode: 0o755 });
  const back = await runCommand(['restore', backup], { DATA_DIR: restored });
  mustHold(back.code === 0, `restore: ${back.stderr}`);
  const provider = openKekProvider(readSettings({ DATA_DIR: dataDir }));
  const names = await provider.names();
  const epochs: Epoch[] = [];
  let unwraps = 0;
  for (const folder of [restored, dataDir]) {
    const database = await openDatabase({ dataDir: folder, log: () => undefined });
    try {
      const { rows } = await database.owner.query<{ number: number; wrapped: Buffer; origin: string }>('select number, wrapped, origin from key_epoch join log on log.id = key_epoch.log');
      for (const [row, name] of rows.flatMap((each) => names.map((kek) => [each, kek] as const))) {
        unwraps += 1;
        const secrets = await provider.unwrap(name, row.wrapped, `${row.origin}\n${row.number}`).catch(() => undefined);
        if (secrets !== undefined) epochs.push(new Epoch(row.number, secrets));
      }
    } finally {
      await database.close();
    }
  }
  mustHold(epochs.length > 0, 'no epoch opens at all, so the attempt shows nothing');
  const database = await openDatabase({ dataDir: restored, log: () => undefined });
  try {
    const { rows } = await database.owner.query<{ index: number; wrapped: Buffer }>('select p.index, k.wrapped from payload p join data_key k on k.log = p.log and k.id = p.key');
    const victims = rows.filter(({ index }) => erased.has(index));
    mustHold(victims.length === erased.size, 'the backup does not hold what was erased, so the attempt shows nothing');
    for (const { wrapped } of victims) for (const epoch of epochs) mustHold(epoch.unwrap(wrapped) === undefined, 'an erased key opens');
    return { keysLeft: names.length, unwraps, keysTried: victims.length * epochs.length };
  } finally {
    await database.close();
  }
}

/** Every age, in the very payload that was erased, under every salt that is left: none gives the commitment. */
function guessAges(erased: readonly string[], left: readonly string[]): number {
  const salts = left.map((text) => fromHex((JSON.parse(text) as { salt: string }).salt));
  let guesses = 0;
  for (const text of erased.slice(0, 5)) {
    const { entry, payload } = JSON.parse(text) as { entry: string; payload: string };
    const { commitment } = JSON.parse(entry) as { commitment: string };
    for (const salt of [new Uint8Array(32), ...salts.slice(0, 20)]) {
      for (let age = 0; age <= 130; age++) {
        guesses += 1;
        const guess = toHex(hmac(sha256, salt, utf8(payload.replace(/"age":\d+/, `"age":${age}`))));
        mustHold(guess !== commitment, 'an age was found again');
      }
    }
  }
  return guesses;
}

/** Those who post, erase and check. */
class Desk {
  private readonly service: LedgerService;
  private readonly auditor: LedgerClient;
  private readonly vkey: string;
  private readonly places = new Map<string, number>();
  private readonly bodies: string[] = [];

  private constructor(service: LedgerService, auditor: LedgerClient, vkey: string) {
    this.service = service;
    this.auditor = auditor;
    this.vkey = vkey;
  }

  static async open(service: LedgerService): Promise<Desk> {
    const auditor = new LedgerClient(service.url, await service.key('auditor'));
    return new Desk(service, auditor, await vkeyOf(auditor));
  }

  async post(patients: readonly Patient[]): Promise<void> {
    for (const [i, patient] of patients.entries()) {
      const record = recordOf(`f-${i}`, patient, false);
      const body = JSON.stringify({ ...record, inputs: { ...(record['inputs'] as object), age: 20 + (i % 70) } });
      this.bodies.push(body);
      const { status, json } = await this.call('producer', '/v1/predictions', body);
      mustHold(status === 201, `a record was not taken in: ${status}`);
      this.places.set(`f-${i}`, json['index'] as number);
    }
  }

  async receiptsOf(ids: readonly string[]): Promise<string[]> {
    const receipts: string[] = [];
    for (const id of ids) receipts.push(await this.auditor.text(`/v1/predictions/${id}/receipt`));
    return receipts;
  }

  async hold({ reference }: Patient): Promise<void> {
    const { status } = await this.call('privacy-officer', '/v1/legal-holds', JSON.stringify({ subject: reference, reason: 'litigation', citation: 'FRCP 37(e)' }));
    mustHold(status === 201, `no hold was placed: ${status}`);
  }

  async eraseIsRefused({ reference }: Patient): Promise<void> {
    const { status, json } = await this.call('privacy-officer', '/v1/subjects/erasures', JSON.stringify({ subject: reference, reason: 'subject-request' }));
    mustHold(status === 409 && json['code'] === 'legal-hold', 'a hold did not win');
  }

  /** Gives the answers without what is each request's own. */
  async erase({ reference }: Patient): Promise<unknown> {
    const asked = await this.call('privacy-officer', '/v1/subjects/erasures', JSON.stringify({ subject: reference, reason: 'subject-request' }));
    mustHold(asked.status === 202, `an erasure was refused: ${asked.status} ${JSON.stringify(asked.json)}`);
    const { id } = asked.json['request'] as { id: string };
    const done = await this.call('privacy-officer-2', `/v1/requests/${id}/approvals`, JSON.stringify({ decision: 'approve' }));
    mustHold(done.status === 200, `an erasure was not done: ${done.status} ${JSON.stringify(done.json)}`);
    return [asked, done].map(({ status, json }) => [status, Object.keys(json['request'] as object)]);
  }

  async endEpoch(): Promise<void> {
    const { status, json } = await this.call('privacy-officer', '/v1/key-epochs', '{}');
    mustHold(status < 300, `the epoch did not end: ${status} ${JSON.stringify(json)}`);
  }

  /** The whole log, the receipts of others, and what became of the erased; gives the erased indices. */
  async provesWhatIsLeft(receipts: readonly string[], erasedCount: number): Promise<number[]> {
    await verifyPublicLog(this.auditor, this.vkey);
    const vkey = parseVkey(this.vkey);
    const indices: number[] = [];
    for (const [i, receipt] of receipts.entries()) {
      verifyReceipt(parseReceipt(receipt), vkey);
      const now = verifyReceipt(parseReceipt(await this.auditor.text(`/v1/predictions/f-${i}/receipt`)), vkey);
      mustHold(now.kind === (i < erasedCount ? 'erased' : 'receipt'), `f-${i} is ${now.kind}`);
      if (i >= erasedCount) continue;
      indices.push(this.places.get(`f-${i}`) ?? -1);
      const { status } = await this.call('producer', '/v1/predictions', this.bodies[i] ?? '');
      mustHold(status === 410, `a retry of what was erased is answered with ${status}`);
    }
    return indices;
  }

  private async call(role: string, path: string, body: string): Promise<{ status: number; json: Record<string, unknown> }> {
    const headers = { authorization: `Bearer ${await this.service.key(role)}`, 'content-type': 'application/json' };
    const response = await fetch(`${this.service.url}${path}`, { method: 'POST', headers, body });
    return { status: response.status, json: (await response.json()) as Record<string, unknown> };
  }
}
