import { canonicalize } from '../../src/core/canonical-json.ts';
import { parseEntry } from '../../src/core/entry.ts';
import { draftEntry, draftSystemEntry } from '../../src/ledger/draft.ts';
import type { EntryDraft } from '../../src/ledger/entry-draft.ts';
import type { Log } from '../../src/ledger/log.ts';
import type { PayloadOpener } from '../../src/vault/log-vault.ts';
import type { TestDatabase } from '../test-database.ts';

type Pool = TestDatabase['database']['pool'];

/** An entry about a data subject, as intake drafts it. */
async function draftAbout({ vault }: Log, reference: string, text: string): Promise<EntryDraft> {
  const { version } = vault;
  const draft = draftEntry(await vault.subjectKey(reference), version, { type: 'prediction', payload: canonicalize({ about: reference, text }) });
  return draft;
}

/** Appends one, drafted anew where its key moved on. */
export async function appendAbout(log: Log, reference: string, text: string): Promise<number> {
  const draft = await draftAbout(log, reference, text);
  return (await log.append({ ...draft, again: () => draftAbout(log, reference, text) })).index;
}

/** One whose key is its own. */
export async function appendOwn(log: Log, text: string): Promise<number> {
  return (await log.append(draftSystemEntry(log.vault, { type: 'prediction', v: 1, body: { text } }))).index;
}

/** Opens every payload of a log that there is; gives their texts by index. */
export async function openAll(pool: Pool, log: number, opener: PayloadOpener): Promise<Map<number, string>> {
  const { rows } = await pool.query<{ index: number; key: number; sealed: Buffer; bytes: Buffer }>(
    'select p.index, p.key, p.sealed, e.bytes from payload p join entry e on e.log = p.log and e.index = p.index where p.log = $1 order by p.index',
    [log],
  );
  const texts = new Map<number, string>();
  for (const { index, key, sealed, bytes } of rows) {
    const { payload } = await opener.open(key, sealed, parseEntry(bytes).commitment);
    texts.set(index, Buffer.from(payload).toString());
  }
  return texts;
}
