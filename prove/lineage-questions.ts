import { isDeepStrictEqual } from 'node:util';
import { EXCEPTION_WORDS } from '../src/predictions/exception-words.ts';
import { drawer, type Call } from './lineage-history.ts';
import type { RawEntry, RawHistory } from './lineage-oracle.ts';
import { mustHold, type Figures } from './proof.ts';

type Json = Record<string, unknown>;

export async function ask<T>(call: Call, method: string, path: string, role: string, body?: unknown): Promise<T> {
  const { status, text } = await call(method, path, role, body);
  mustHold(status === 200, `${method} ${path}: ${status} ${text.slice(0, 500)}`);
  return JSON.parse(text) as T;
}

/** Questions the other way, each with the answer that a reading of every entry gives. */
export async function checkAffected(raw: RawHistory, call: Call, count: number): Promise<Figures> {
  const draw = drawer(13);
  const all = [...raw.predictions.values()];
  const versionsWith = (test: (body: Json) => boolean): Set<string> => new Set(raw.modelEntries.filter(({ type, body }) => type === 'model-version-registered' && test(body)).map(({ body }) => `${String(body['model'])} ${String(body['version'])}`));
  const made = (versions: Set<string>) => ({ body }: RawEntry): boolean => versions.has(`${String(body['model'])} ${String(body['version'])}`);
  let found = 0;
  for (let n = 0; n < count; n++) {
    const one = all[Math.floor(draw() * all.length)] as RawEntry;
    const view = `view_${n % 3}`;
    const questions: [Json, (entry: RawEntry) => boolean][] = [
      [{ dataSet: { name: `set-${n % 4}` } }, made(versionsWith((body) => (body['training'] as Json[]).some((set) => set['name'] === `set-${n % 4}`)))],
      [{ dataSet: { name: `set-${n % 4}`, version: `${n % 3}` } }, made(versionsWith((body) => (body['training'] as Json[]).some((set) => set['name'] === `set-${n % 4}` && set['version'] === `${n % 3}`)))],
      [{ modelVersion: { model: one.body['model'], version: one.body['version'] } }, ({ body }) => body['model'] === one.body['model'] && body['version'] === one.body['version']],
      [{ code: { commit: `c0de${n % 5}` } }, made(versionsWith((body) => (body['code'] as Json)['commit'] === `c0de${n % 5}`))],
      [{ feature: { view } }, (entry) => ((entry.body['features'] ?? []) as Json[]).some((each) => each['view'] === view) || made(versionsWith((body) => ((body['features'] ?? []) as Json[]).some((each) => each['view'] === view)))(entry)],
      [{ policy: one.policy }, ({ policy }) => policy === one.policy],
    ];
    const [question, test] = n % 7 === 6 ? [{ prediction: one.body['id'] }, inSet(raw.descendantsOf(String(one.body['id'])))] : (questions[n % 7] as (typeof questions)[number]);
    const expected = all.filter(test).map(({ body }) => body['id']).sort();
    const { count: counted } = await ask<{ count: { predictions: number } }>(call, 'POST', '/v1/lineage/affected', 'auditor', { ...question, limit: 1 });
    mustHold(counted.predictions === expected.length, `${JSON.stringify(question)}: ${counted.predictions} are counted, and by the entries ${expected.length}`);
    const { text } = await call('POST', '/v1/lineage/affected', 'auditor', question, 'application/x-ndjson');
    const listed = text.split('\n').filter((line) => line !== '').map((line) => (JSON.parse(line) as Json)['id']).sort();
    mustHold(isDeepStrictEqual(listed, expected), `${JSON.stringify(question)}: ${listed.length} are listed, and they are not those of the entries`);
    found += listed.length;
  }
  return { 'found the other way': found };
}

function inSet(ids: ReadonlySet<string>): (entry: RawEntry) => boolean {
  return ({ body }) => ids.has(String(body['id']));
}

/** Each exception: by the search, and by the entries before each prediction. */
export async function checkExceptions(raw: RawHistory, call: Call): Promise<Figures> {
  const expected = new Map<string, unknown[]>(EXCEPTION_WORDS.map((word) => [word, []]));
  for (const entry of raw.predictions.values()) {
    const words = raw.exceptionsOf(entry);
    mustHold(isDeepStrictEqual(entry.body['exceptions'] ?? [], words), `${String(entry.body['id'])} says ${JSON.stringify(entry.body['exceptions'])}, and by the entries before it is ${JSON.stringify(words)}`);
    for (const word of words) expected.get(word)?.push(entry.body['id']);
  }
  const figures: Figures = {};
  for (const [word, ids] of expected) {
    // A short history has not come to each.
    mustHold(ids.length > 0 || raw.predictions.size < 100_000, `the history has no ${word}`);
    const listed: unknown[] = [];
    for (let cursor = ''; ; ) {
      const page = await ask<{ items: { id: string }[]; next?: string }>(call, 'GET', `/v1/predictions?exception=${word}&limit=1000${cursor}`, 'auditor');
      listed.push(...page.items.map(({ id }) => id));
      if (page.next === undefined) break;
      cursor = `&cursor=${page.next}`;
    }
    mustHold(isDeepStrictEqual(listed.sort(), ids.sort()), `${word}: ${listed.length} are listed, and by the entries there are ${ids.length}`);
    figures[word] = listed.length;
  }
  return figures;
}

/** How each version stood at each turn, and a millisecond before it. */
export async function checkMoments(raw: RawHistory, call: Call): Promise<Figures> {
  let moments = 0;
  let approvals = 0;
  for (const { type, time, body } of raw.modelEntries) {
    if (type === 'model-deployed') continue;
    for (const at of [Date.parse(time), Date.parse(time) - 1]) {
      const { standing } = await ask<{ standing: string }>(call, 'GET', `/v1/models/${String(body['model'])}/versions/${String(body['version'])}?at=${new Date(at).toISOString()}`, 'auditor');
      const expected = raw.standingAt(body['model'], body['version'], at);
      mustHold(standing === expected, `${String(body['model'])} ${String(body['version'])} was ${standing} at ${at}, and by the entries ${expected}`);
      if (type === 'model-version-approved' && at === Date.parse(time) - 1 && expected !== 'approved' && expected !== 'retired') approvals += 1;
      moments += 1;
    }
  }
  mustHold(approvals > 0, 'no version was approved that had not been a millisecond before');
  return { 'points in time': moments, 'approved then, and not 1 ms before': approvals };
}
