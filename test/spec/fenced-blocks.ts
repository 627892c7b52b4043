import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const SPEC = 'docs/spec';

/** A fenced block that a comment `example: name` or `cases: name` stands above. */
export interface FencedBlock {
  file: string;
  kind: 'example' | 'cases';
  name: string;
  content: string;
}

const BLOCK = /<!-- (example|cases): ([a-z0-9-]+) -->\n```([a-z]*)\n((?:.*\n)*?)```\n/g;

export function specPages(): string[] {
  return readdirSync(SPEC).filter((name) => name.endsWith('.md'));
}

/** Every named block of docs/spec. */
export function fencedBlocks(): FencedBlock[] {
  return specPages().flatMap((file) => {
    const page = readFileSync(join(SPEC, file), 'utf8');
    const blocks = [...page.matchAll(BLOCK)].map(([, kind, name = '', , content = '']): FencedBlock => {
      return { file, kind: kind === 'cases' ? 'cases' : 'example', name, content: content.slice(0, -1) };
    });
    // A comment that no block follows would leave an example unchecked.
    const comments = page.match(/<!-- (?:example|cases): /g)?.length ?? 0;
    if (blocks.length !== comments) throw new Error(`${file} names ${comments} blocks and has ${blocks.length}`);
    return blocks;
  });
}

/** The page with its examples replaced by `contents`. */
export function withExamples(page: string, contents: ReadonlyMap<string, string>): string {
  return page.replaceAll(BLOCK, (block: string, kind: string, name: string, language: string) => {
    const content = contents.get(name);
    if (kind !== 'example' || content === undefined) return block;
    return `<!-- example: ${name} -->\n\`\`\`${language}\n${content}\n\`\`\`\n`;
  });
}
