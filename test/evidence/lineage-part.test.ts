import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { lineagePart } from '../../src/evidence/lineage-part.ts';
import type { Manifest } from '../../src/evidence/manifest.ts';
import type { ProvDocument } from '../../src/lineage/prov-json.ts';
import { SampleBundle } from '../core/sample-bundle.ts';

const place = mkdtempSync(join(tmpdir(), 'pl-lineage-'));
afterAll(() => rmSync(place, { recursive: true }));

async function made(query: string): Promise<Map<string, string>> {
  const files = await new SampleBundle().files(({ populations: [first] }) => {
    if (first === undefined) throw new Error('no population');
    first.envelope.query.name = query;
    for (const line of first.samples.get('CC8.1') as { values: Record<string, unknown> }[]) Object.assign(line.values, { model: 'credit-risk', version: '3.2.0', producer: 'prn_1', approval: 5, deployment: 'live', standing: 'approved' });
    first.samples.set('PI1.2(a)', []);
  });
  for (const [path, bytes] of files) {
    if (!existsSync(dirname(join(place, path)))) mkdirSync(dirname(join(place, path)), { recursive: true });
    writeFileSync(join(place, path), bytes);
  }
  const manifest = JSON.parse(Buffer.from(files.get('manifest.json') ?? []).toString('utf8')) as Manifest;
  const texts = new Map<string, string>();
  for await (const { path, bytes } of lineagePart(place, manifest)) texts.set(path, Buffer.from(bytes as Uint8Array).toString('utf8'));
  return texts;
}

describe('the lineage of what was drawn', () => {
  test('says in PROV and OpenLineage which version made each prediction, and by which approval, without a payload', async () => {
    const texts = await made('served-versions');
    expect([...texts.keys()]).toEqual(['lineage/prov.json', 'lineage/openlineage.jsonl']);
    const prov = JSON.parse(texts.get('lineage/prov.json') ?? '') as ProvDocument;
    const kinds = Object.values(prov.entity).map((entity) => entity['prov:type']);
    expect(kinds.filter((kind) => kind === 'pl:prediction')).toHaveLength(10);
    expect(kinds.filter((kind) => kind === 'pl:model-version')).toHaveLength(1);
    expect(Object.values(prov.activity).filter((activity) => activity['prov:type'] === 'pl:approval')).toMatchObject([{ 'pl:entry': 5 }]);
    expect(Object.keys(prov.wasAttributedTo)).toHaveLength(10);
    const events = (texts.get('lineage/openlineage.jsonl') ?? '').trimEnd().split('\n').map((line) => JSON.parse(line) as object);
    expect(events).toHaveLength(10);
    expect(events[0]).toMatchObject({ eventType: 'COMPLETE', job: { name: 'credit-risk' }, run: { runId: expect.stringMatching(/^[0-9a-f-]{36}$/) } });
    expect([...texts.values()].join('')).not.toMatch(/salt|payload/);
    expect(await made('served-versions')).toEqual(texts);
  });

  test('is none where no such population is', async () => {
    expect((await made('predictions-approved')).size).toBe(0);
  });
});
