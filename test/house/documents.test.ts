import { describe, expect, test } from '@jest/globals';
import { access, readdir, readFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { readSettings } from '../../src/settings.ts';

const ROOT = resolve(import.meta.dirname, '../..');

const read = (path: string): Promise<string> => readFile(join(ROOT, path), 'utf8');

/** The rows of the first table under a heading, each as its cells. */
function tableUnder(page: string, heading: string): string[][] {
  const [, section = ''] = page.split(`\n${heading}\n`);
  const lines = section.split('\n');
  const start = lines.findIndex((line) => line.startsWith('|'));
  const end = lines.findIndex((line, i) => i > start && !line.startsWith('|'));
  return lines.slice(start + 2, end).map((line) => line.split('|').slice(1, -1).map((cell) => cell.trim()));
}

const unquoted = (cell: string | undefined): string => String(cell).replaceAll('`', '');

describe('README.md', () => {
  const rows = read('README.md').then((page) => tableUnder(page, '## Configuration').map((cells) => ({ name: unquoted(cells[0]), fallback: String(cells[1]), meaning: String(cells[2]) })));

  test('lists exactly the settings that are read', async () => {
    const names = new Set<string>();
    readSettings(new Proxy<Record<string, string | undefined>>({}, { get: (_, name) => void names.add(String(name)) }));
    expect((await rows).map(({ name }) => name).toSorted()).toEqual([...names].toSorted());
  });

  test('gives each its real default', async () => {
    for (const { name, fallback, meaning } of await rows) {
      expect(meaning).not.toBe('');
      // Said in the environment, the default changes nothing; "unset" is what is left unset.
      const env = fallback === 'unset' ? {} : { [name]: unquoted(fallback).replace('DATA_DIR/', './data/') };
      expect({ name, settings: readSettings(env) }).toEqual({ name, settings: readSettings({}) });
    }
  });

  test('gives numbers that would not pass if they were others', async () => {
    for (const { name, fallback } of await rows) {
      if (!/^`\d+`$/.test(fallback)) continue;
      expect({ name, settings: readSettings({ [name]: String(Number(unquoted(fallback)) + 1) }) }).not.toEqual({ name, settings: readSettings({}) });
    }
  });
});

describe('docs/design', () => {
  test('says of every dependency what it is for, and of no other', async () => {
    const page = await read('docs/design/dependencies.md');
    const { dependencies, devDependencies, overrides } = JSON.parse(await read('package.json')) as Record<string, Record<string, unknown>>;
    const listed = (heading: string): string[] => {
      const rows = tableUnder(page, heading);
      for (const cells of rows) for (const cell of cells) expect(cell).not.toBe('');
      return rows.map(([name]) => unquoted(name));
    };
    expect(listed('## At work')).toEqual(Object.keys(dependencies ?? {}).toSorted());
    expect(listed('## For development')).toEqual(Object.keys(devDependencies ?? {}).toSorted());
    const overridden = Object.values(overrides ?? {}).flatMap((packages) => Object.keys(packages as object));
    expect(listed('## Overrides').map((name) => name.split(' ')[0]).toSorted()).toEqual(overridden.toSorted());
  });

  test('lists every note in its README', async () => {
    const notes = (await readdir(join(ROOT, 'docs/design'))).filter((name) => name.endsWith('.md') && name !== 'README.md');
    const listed = [...(await read('docs/design/README.md')).matchAll(/^\| \[([^\]]+)\]\(\1\)/gm)].map(([, name]) => name);
    expect(listed.toSorted()).toEqual(notes.toSorted());
  });
});

describe('ARCHITECTURE.md', () => {
  test('has every context on its map', async () => {
    const contexts = (await readdir(join(ROOT, 'src'), { withFileTypes: true })).filter((entry) => entry.isDirectory()).map(({ name }) => name);
    const mapped = [...(await read('ARCHITECTURE.md')).matchAll(/^src\/(\w+)\/ /gm)].map(([, name]) => name);
    expect(mapped.toSorted()).toEqual(contexts.toSorted());
  });

  test('names files that exist', async () => {
    const page = await read('ARCHITECTURE.md');
    const files = [...page.matchAll(/\b((?:http|access|predictions|core|ledger|vault|database|test)\/[\w./-]+\.ts)\b/g)].map(([, file]) => String(file));
    expect(files.length).toBeGreaterThan(10);
    for (const file of files) await access(join(ROOT, file.startsWith('test/') ? file : `src/${file}`));
  });
});

describe('every page', () => {
  test('links to what exists', async () => {
    const below = async (folder: string): Promise<string[]> => (await readdir(join(ROOT, folder), { recursive: true })).map((path) => join(folder, path));
    const pages = [...(await readdir(ROOT)), ...(await below('docs')), ...(await below('bench')), ...(await below('demo'))].filter((path) => path.endsWith('.md'));
    expect(pages).toEqual(expect.arrayContaining(['README.md', 'ARCHITECTURE.md', 'docs/errors.md']));
    const broken: string[] = [];
    for (const page of pages) {
      const text = (await read(page)).replaceAll(/```.*?```/gs, '');
      for (const [, target = ''] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
        if (/^[a-z]+:/.test(target)) continue;
        const [path = '', anchor] = target.split('#');
        const file = path === '' ? join(ROOT, page) : resolve(ROOT, dirname(page), path);
        const found = await readFile(file, 'utf8').catch(() => access(file).then(() => '', () => undefined));
        if (found === undefined || (anchor !== undefined && !anchorsOf(found).has(anchor))) broken.push(`${relative(ROOT, join(ROOT, page))}: ${target}`);
      }
    }
    expect(broken).toEqual([]);
  });
});

/** Headings as GitHub names them. */
function anchorsOf(page: string): Set<string> {
  const headings = [...page.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading.toLowerCase().replaceAll(/[^\w\- ]/g, '').replaceAll(' ', '-'));
  return new Set(headings);
}
