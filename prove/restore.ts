import { copyFile, cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { entriesPath, tilePath, tileWidth } from '../src/core/tile.ts';
import { parsePayload } from '../src/core/payload.ts';
import { parseEntry } from '../src/core/entry.ts';
import { toHex, utf8 } from '../src/core/bytes.ts';
import { openDatabase } from '../src/database/database.ts';
import { readLogs } from '../src/ledger/log-row.ts';
import { readSettings } from '../src/settings.ts';
import { openVault } from '../src/vault/open-vault.ts';
import { runCommand } from './child-processes.ts';
import { freePort, LedgerService } from './ledger-service.ts';
import { LedgerClient, type Place } from './ledger-client.ts';
import { mustHold, type Figures, type Proof, type ProofContext } from './proof.ts';
import { describeFindings, fsck, verifyByCommand, verifyPublicLog, vkeyOf, type PublicLog } from './public-log.ts';
import { verifyReceiptText } from './receipts.ts';

export const restore: Proof = {
  name: 'restore',
  claim:
    'A backup that is restored behind the checkpoint store stops the log, which serves reads; the tail comes back from a copy and from receipts; or a successor takes over, under which old ids stay taken.',
  async run(context) {
    const log = await lostTail(context);
    await context.step('stops, and is succeeded', () => log.isSucceeded('successor'));
    await context.step('recovers its tail', () => log.recoversTail('tail'));
  },
};

/** A log, a backup of it, and what was appended after the backup. */
async function lostTail(context: ProofContext): Promise<LostTail> {
  const [kept, lost] = context.small ? [400, 300] : [6000, 4000];
  const service = new LedgerService({ dataDir: join(context.folder, 'first'), port: await freePort(), env: { PUBLISH_INTERVAL_MS: '50' } });
  service.start();
  await service.ready();
  try {
    const producer = new LedgerClient(service.url, await service.key('producer'));
    const ids = Array.from({ length: kept + lost }, (_, i) => `p-${i}`);
    await producer.postMany(ids.slice(0, kept));
    const backup = join(context.folder, 'backup.zip');
    const made = await runCommand(['backup', backup], service.environment);
    mustHold(made.code === 0, `backup: ${made.stderr}`);
    const after = await producer.postMany(ids.slice(kept));
    // The last answer with a receipt: a checkpoint over all of it is signed.
    const { receipt } = await producer.post(ids.at(-1) as string, { receipt: true });
    const vkey = await vkeyOf(producer);
    verifyReceiptText(receipt, vkey);
    const receipts = join(context.folder, 'receipts');
    await mkdir(receipts);
    const auditor = new LedgerClient(service.url, await service.key('auditor'));
    for (const { id } of after) await writeFile(join(receipts, `${id}.json`), await auditor.text(`/v1/predictions/${id}/receipt`));
    const mirror = join(context.folder, 'mirror');
    const log = await mirrorToTheEnd(service, producer, vkey, mirror);
    return new LostTail({ context, backup, mirror, receipts, vkey, log, first: service.dataDir, after, before: ids.slice(0, kept) });
  } finally {
    await service.stop();
  }
}

/** Mirrors the log and stops the service; again, where an entry came in between (readings leave traces, each minute its counts). */
async function mirrorToTheEnd(service: LedgerService, client: LedgerClient, vkey: string, folder: string): Promise<PublicLog> {
  for (let attempt = 0; attempt < 5; attempt++) {
    // Longer than the publish interval.
    await sleep(500);
    const log = await verifyPublicLog(client, vkey);
    await mirrorLog(client, log, folder);
    await service.stop();
    const stored = JSON.parse(await readFile(join(service.dataDir, 'checkpoints.json'), 'utf8')) as Record<string, { size: number }>;
    if (Object.values(stored)[0]?.size === log.checkpoint.size) return log;
    service.start();
    await service.ready();
  }
  throw new Error('the log never came to rest');
}

/** Copies a log's public resources, as any mirror does. */
async function mirrorLog(client: LedgerClient, { checkpoint, note }: PublicLog, folder: string): Promise<void> {
  const put = async (path: string, bytes: Uint8Array): Promise<void> => {
    await mkdir(join(folder, path, '..'), { recursive: true });
    await writeFile(join(folder, path), bytes);
  };
  await put('checkpoint', utf8(note));
  for (let level = 0; tileWidth(level, 0, checkpoint.size) > 0; level++) {
    for (let index = 0; tileWidth(level, index, checkpoint.size) > 0; index++) {
      const width = tileWidth(level, index, checkpoint.size);
      const paths = [tilePath({ level, index, width }), ...(level === 0 ? [entriesPath({ index, width })] : [])];
      for (const path of paths) await put(path, await client.get(`/logs/default/${path}`));
    }
  }
}

interface Parts {
  context: ProofContext;
  backup: string;
  mirror: string;
  receipts: string;
  vkey: string;
  /** As it was verified before it was lost. */
  log: PublicLog;
  /** The data folder whose database is lost; its keys and its checkpoint store are not. */
  first: string;
  before: string[];
  after: (Place & { id: string })[];
}

class LostTail {
  private readonly parts: Parts;

  constructor(parts: Parts) {
    this.parts = parts;
  }

  async recoversTail(name: string): Promise<Figures> {
    const { mirror, receipts, vkey, log, after, before } = this.parts;
    const service = await this.restored(name);
    const { size } = await this.expectStopped(service);
    await service.stop();
    const recovered = await runCommand(['recover', 'tail', '--from', mirror, '--receipts', receipts], service.environment);
    mustHold(recovered.code === 0, `recover tail: ${recovered.stderr}`);
    service.start();
    try {
      await service.ready();
      const producer = new LedgerClient(service.url, await service.key('producer'));
      const again = await verifyPublicLog(producer, vkey, [log.checkpoint]);
      mustHold(again.compared === 1, 'the log does not go on from what was signed');
      for (const { id, index, leafHash } of after) mustHold(again.leaves[index] === leafHash, `${id} is not what it was`);
      const retries = await producer.postMany(after.map(({ id }) => id));
      for (const [i, { id, status, index }] of retries.entries()) {
        mustHold(status === 200 && index === after[i]?.index, `a retry of ${id} got ${status} and ${index}`);
      }
      const first = after[0];
      const retried = await producer.post(first?.id ?? '', { receipt: true });
      mustHold(retried.status === 200 && verifyReceiptText(retried.receipt, vkey) === first?.index, `a retry got ${retried.status} and not its first receipt`);
      const { status, receipt } = await producer.post('after-recovery', { receipt: true });
      mustHold(status === 201, `the log does not take in: ${status}`);
      verifyReceiptText(receipt, vkey);
      const report = await fsck(service.environment);
      mustHold(report.exit === 0, `fsck: ${describeFindings(report)}`);
      // Declared: what nobody holds a receipt of, which is what the system wrote and the traces of readings. No prediction is among it.
      const lost = log.checkpoint.size - size - after.length;
      mustHold(lost > 0 && report.lost === lost, `fsck counts ${report.lost} payloads lost, not ${lost}`);
      const verdict = await verifyByCommand(`${service.url}/logs/default`, vkey, [log.note], this.parts.context.folder);
      mustHold(verdict.exit === 0, `verify log: ${verdict.message}`);
      return { 'of the backup': before.length, 'came back': after.length, 'lost, declared': report.lost, entries: report.entries };
    } finally {
      await service.stop();
    }
  }

  async isSucceeded(name: string): Promise<Figures> {
    const { log, after, before } = this.parts;
    const service = await this.restored(name);
    const held = await this.showReads(service);
    await service.stop();
    const opened = await runCommand(['recover', 'successor'], service.environment);
    mustHold(opened.code === 0, `recover successor: ${opened.stderr}`);
    const { origin, size, root } = (await firstEntry(service.dataDir, 'default-2'))['predecessor'] as { origin: string; size: number; root: string };
    const signed = log.checkpoint;
    mustHold(origin === signed.origin && size === signed.size && root === toHex(signed.root), `the first entry names ${origin}, ${size}, ${root}`);
    service.start();
    try {
      await service.ready({ anyhow: true });
      const producer = new LedgerClient(service.url, await service.key('producer'));
      const old = await producer.postMany(before.slice(0, 50));
      mustHold(old.every(({ status, index }) => status === 200 && index < size), 'an id of the old log was taken in again');
      const fresh = await producer.postMany(after.slice(0, 50).map(({ id }) => id));
      mustHold(fresh.every(({ status }) => status === 201), 'a record that was lost was not taken in by the successor');
      const { receipt } = await producer.post('in-the-successor', { receipt: true });
      const vkey = await vkeyOf(producer, 'default-2');
      verifyReceiptText(receipt, vkey);
      const successor = await verifyPublicLog(producer, vkey, [], 'default-2');
      await verifyPublicLog(producer, this.parts.vkey);
      return { signed: signed.size, restored: held, 'old ids kept': old.length, 'entries of the successor': successor.checkpoint.size };
    } finally {
      await service.stop();
    }
  }

  /** The log refuses to append, and serves the backup’s entries, payloads and checkpoint; gives how many entries it holds. */
  private async showReads(service: LedgerService): Promise<number> {
    const { size } = await this.expectStopped(service);
    const auditor = new LedgerClient(service.url, await service.key('auditor'));
    await verifyPublicLog(auditor, this.parts.vkey);
    mustHold((await auditor.list()).size === this.parts.before.length, 'the list is not that of the backup');
    await auditor.json(`/v1/predictions/${this.parts.before[0]}`);
    return size;
  }

  /** A service on a fresh data folder: the backup, the keys, and the checkpoint store as it is. */
  private async restored(name: string): Promise<LedgerService> {
    const { context, first, backup } = this.parts;
    const service = new LedgerService({ dataDir: join(context.folder, name), port: await freePort(), env: { PUBLISH_INTERVAL_MS: '50' } });
    await mkdir(service.dataDir);
    const restored = await runCommand(['restore', backup], service.environment);
    mustHold(restored.code === 0, `restore: ${restored.stderr}`);
    await cp(join(first, 'log-keys'), join(service.dataDir, 'log-keys'), { recursive: true });
    for (const file of ['key-encryption-keys.json', 'keys.json', 'checkpoints.json']) await copyFile(join(first, file), join(service.dataDir, file));
    service.start();
    await service.ready({ anyhow: true });
    return service;
  }

  private async expectStopped(service: LedgerService): Promise<{ size: number }> {
    const refused = await new LedgerClient(service.url, await service.key('producer')).post('refused');
    mustHold(refused.status === 503 && refused.code === 'log-stopped', `the service answered ${refused.status} ${refused.code}`);
    const log = await new LedgerClient(service.url, await service.key('auditor')).json<{ size: number; stopped?: string }>('/v1/log');
    mustHold(log.stopped?.includes(`a checkpoint of ${this.parts.log.checkpoint.size} was signed`) === true, `the log says ${log.stopped}`);
    return log;
  }
}

/** The body of a log's first entry, opened with the keys of its data folder. */
async function firstEntry(dataDir: string, name: string): Promise<Record<string, unknown>> {
  const database = await openDatabase({ dataDir, log: () => undefined });
  try {
    const row = (await readLogs(database.pool)).find((log) => log.name === name);
    mustHold(row !== undefined, `there is no log ${name}`);
    const { rows } = await database.pool.query<{ bytes: Buffer; key: number; sealed: Buffer }>(
      'select bytes, key, sealed from entry join payload using (log, index) where log = $1 and index = 0',
      [row.id],
    );
    const [entry] = rows;
    mustHold(entry !== undefined, `log ${name} has no first entry`);
    const opener = (await openVault(readSettings({ DATA_DIR: dataDir }), database)).openerOf(row);
    const { payload } = await opener.open(entry.key, entry.sealed, parseEntry(entry.bytes).commitment);
    const { type, body } = parsePayload(Buffer.from(payload).toString('utf8'));
    mustHold(type === 'log-opened', `its first entry is of type ${type}`);
    return body as Record<string, unknown>;
  } finally {
    await database.close();
  }
}
