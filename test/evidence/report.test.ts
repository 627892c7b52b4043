import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { canonicalize } from '../../src/core/canonical-json.ts';
import type { JsonValue } from '../../src/core/json-value.ts';
import { barChart } from '../../src/evidence/bar-chart.ts';
import type { BundlePart } from '../../src/evidence/bundle-part.ts';
import type { Manifest } from '../../src/evidence/manifest.ts';
import { figure, visible } from '../../src/evidence/report-block.ts';
import { htmlReportPart } from '../../src/evidence/report-html.ts';
import { pdfOf } from '../../src/evidence/report-pdf.ts';
import { pdfReportPart } from '../../src/evidence/report-pdf-part.ts';
import { reportOf } from '../../src/evidence/report.ts';
import { SampleBundle, type BundleDraft } from '../core/sample-bundle.ts';

const places: string[] = [];
const bundle = new SampleBundle();

afterAll(() => places.forEach((place) => rmSync(place, { recursive: true })));

/** A bundle's files in a folder, as a part finds them. */
async function folderOf(change: (draft: BundleDraft) => void = () => undefined): Promise<[string, Manifest]> {
  const place = mkdtempSync(join(tmpdir(), 'pl-report-'));
  places.push(place);
  const files = await bundle.files(change);
  for (const [path, bytes] of files) {
    mkdirSync(dirname(join(place, path)), { recursive: true });
    writeFileSync(join(place, path), bytes);
  }
  return [place, JSON.parse(Buffer.from(files.get('manifest.json') ?? []).toString('utf8')) as Manifest];
}

async function made(part: BundlePart, [folder, manifest]: [string, Manifest]): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const { bytes } of part(folder, manifest)) {
    if (bytes instanceof Uint8Array) pieces.push(bytes);
    else for await (const piece of bytes) pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

/** Every tag, with what its attributes hold left out: none may come of a word. */
const tagsOf = (page: string): string[] => (page.replaceAll('<wbr>', '').match(/<[^>]*>/g) ?? []).map((tag) => tag.replaceAll(/="[^"]*"/g, ''));

const html = async (change?: (draft: BundleDraft) => void): Promise<string> => (await made(htmlReportPart, await folderOf(change))).toString('utf8');

describe('README.html', () => {
  let page: string;
  beforeAll(async () => {
    page = await html();
  });

  test('says of each control what bears on it, and of each population all that its envelope holds', () => {
    for (const text of ['CC8.1 Changes', 'PI1.2(a) Inputs', 'What this does not prove', 'Was it so?', 'received 60', 'accepted 58 + refused 2', 'Verdict: partial', 'Strength: direct', 'not that it was good', 'unapproved-version', '10 of 60 rows', 'all 60 rows', 'Gaps in entries: 60 were expected, 60 were found, and there is no gap.', 'entry 12', bundle.log.origin]) {
      expect(page).toContain(text);
    }
    expect(page).not.toMatch(/undefined|NaN|\[object|null/);
  });

  test('is the same at every run', async () => {
    expect(await html()).toBe(page);
  });

  test('has a language, one first heading, no heading that skips a level, a caption for each table and a name for each chart', () => {
    expect(page).toContain('<html lang="en">');
    const levels = [...page.matchAll(/<h(\d)/g)].map(([, level]) => Number(level));
    expect(levels.filter((level) => level === 1)).toHaveLength(1);
    levels.forEach((level, i) => expect(level - (levels[i - 1] ?? 0)).toBeLessThanOrEqual(1));
    const count = (pattern: RegExp): number => page.match(pattern)?.length ?? 0;
    expect(count(/<table>/g)).toBe(count(/<table><caption>[^<]+<\/caption>/g));
    expect(count(/<th(?= |>)/g)).toBe(count(/<th scope="(?:row|col)"/g));
    expect(count(/<svg /g)).toBeGreaterThan(2);
    expect(count(/<svg /g)).toBe(count(/role="img" aria-label="[^"]+"/g));
    expect(count(/tabindex="0"/g)).toBe(count(/role="region" aria-label="[^"]+" tabindex="0"/g));
  });

  test('leads only to what is there, and asks nothing of any server', () => {
    const ids = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const [, to] of page.matchAll(/href="([^"]+)"/g)) expect(ids.map((id) => `#${id}`)).toContain(to);
    expect(page).not.toMatch(/<script|<img|<link|<iframe|src=|@import|url\(|\son\w+=|\sstyle=/);
    const style = /<style>([^]*?)<\/style>/.exec(page)?.[1] ?? '';
    expect(page).toContain(`content="default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`);
  });

  test('every colour of text can be read on what it stands on', () => {
    const luminance = (colour: string): number => {
      const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16) / 255).map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const contrast = (a: string, b: string): number => (Math.max(luminance(a), luminance(b)) + 0.05) / (Math.min(luminance(a), luminance(b)) + 0.05);
    const backgrounds = ['#ffffff', ...[...page.matchAll(/background: (#[0-9a-f]{6})/g)].map(([, colour]) => colour as string)];
    const texts = [...page.matchAll(/[{; ]color: (#[0-9a-f]{6})/g)].map(([, colour]) => colour as string);
    expect(backgrounds.length).toBeGreaterThan(4);
    for (const text of texts) for (const background of backgrounds) expect(contrast(text, background)).toBeGreaterThanOrEqual(4.5);
    for (const [, bar] of page.matchAll(/height="16" fill="(#[0-9a-f]{6})"/g)) expect(contrast(bar as string, '#ffffff')).toBeGreaterThanOrEqual(3);
  });

  test.each(['<script>alert(1)</script>', '"><img src=x onerror=alert(1)>', "' onmouseover='alert(1)", '</style><script>', '\u202egnp.exe', 'a\u0000b', '&lt;', ']]>', '${x}', 'javascript:alert(1)'])('escapes %j wherever it stands', async (word) => {
    const [hostile, harmless] = [await html((draft) => hostileIn(draft, word)), await html((draft) => hostileIn(draft, 'word'))];
    expect(tagsOf(hostile)).toEqual(tagsOf(harmless));
    for (const unseen of ['\u0000', '\u202e']) expect(hostile).not.toContain(unseen);
  });

  test('does not grow with the rows or the exceptions', async () => {
    const many = (n: number) => (draft: BundleDraft): void => {
      const [first] = draft.populations;
      if (first === undefined) throw new Error('no population');
      first.exceptions = Array.from({ length: n }, (_, i): JsonValue => ({ row: 7, index: 9, why: 'unapproved-version', text: `number ${i}`, disposition: null }));
      Object.assign(first.envelope.exceptions, { count: n, reasons: { 'unapproved-version': n } });
    };
    const [some, more] = [await html(many(100)), await html(many(10_000))];
    expect(more).toContain('The first 20 of 10,000 exceptions; populations/predictions-approved/exceptions.jsonl holds all');
    expect(Math.abs(more.length - some.length)).toBeLessThan(200);
  });
});

/** Puts a word wherever a bundle holds words. */
function hostileIn({ manifest, controls, populations }: BundleDraft, word: string): void {
  Object.assign(manifest.framework, { title: word, edition: word });
  Object.assign(manifest.view, { principal: word, role: word, rule: word });
  for (const control of controls.controls) Object.assign(control, { title: word, text: word, cites: word });
  for (const population of populations) {
    Object.assign(population.envelope, { name: word, question: word, because: word, caveat: word, exclusions: [{ rule: word, count: 1 }] });
    population.envelope.query.parameters = { [word]: word };
    for (const column of population.envelope.columns) Object.assign(column, { meaning: word });
    for (const exception of population.exceptions as Record<string, JsonValue>[]) Object.assign(exception, { why: word, text: word });
    if (population.exceptions.length > 0) population.envelope.exceptions.reasons = { [word]: 1 };
    for (const total of population.envelope.controlTotals) Object.assign(total, { left: { [word]: 60 } });
  }
}

describe('README.pdf', () => {
  test('is a PDF of several pages with its fonts in it, the same bytes at every run, in a process of its own too', async () => {
    const [folder, manifest] = await folderOf();
    const [one, again] = [await pdfOf(await reportOf(folder, manifest)), await made(pdfReportPart, [folder, manifest])];
    expect(again.equals(one)).toBe(true);
    const text = again.toString('latin1');
    expect(text).toMatch(/^%PDF-1\.7/);
    expect(text.match(/\/Type \/Page\n/g)?.length).toBeGreaterThan(3);
    expect(text).toContain('/FontFile2');
    expect(text).toContain('D:20261122');
    expect(text).not.toMatch(/\/URI|\/JavaScript|\/Launch|\/EmbeddedFile/);
  });

  test('is made whatever stands in it', async () => {
    const word = `<b>\u202e& 漢字 😀\u0000${'x'.repeat(3000)}`;
    expect((await pdfOf(await reportOf(...(await folderOf((draft) => hostileIn(draft, word)))))).length).toBeGreaterThan(10_000);
  });

  test('that cannot be made is said, with the reason', async () => {
    const [, manifest] = await folderOf();
    await expect(made(pdfReportPart, ['/nowhere', manifest])).rejects.toThrow(/was not made: [^]*ENOENT/);
  });
});

describe('a chart', () => {
  test('shows a bar for whatever is there, and says it in words', () => {
    const svg = barChart('Counts', [{ label: 'much', parts: [{ name: 'n', count: 1_000_000 }] }, { label: 'little', parts: [{ name: 'n', count: 1 }] }, { label: 'none', parts: [{ name: 'n', count: 0 }] }], 'x');
    expect(svg.match(/<rect /g)).toHaveLength(2);
    expect(svg).toContain('aria-label="Counts: much 1,000,000; little 1; none 0"');
  });

  test('figures have their thousands apart, and what cannot be seen is shown', () => {
    expect([0, 999, 1000, 1_234_567].map(figure)).toEqual(['0', '999', '1,000', '1,234,567']);
    expect(visible('a\u202eb\u0007')).toBe('a[U+202E]b[U+0007]');
    expect(canonicalize({ a: visible('ä漢') })).toBe('{"a":"ä漢"}');
  });
});
