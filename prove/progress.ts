import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { packageFolder } from '../src/database/package-folder.ts';
import type { Figures } from './proof.ts';

/** A finished part of a proof. */
export interface Step {
  name: string;
  /** ms. */
  took: number;
  figures: Figures;
}

/** What was finished, so that a run that is cut short can be taken up again. */
export class Progress {
  /** When the first run of it began, ISO 8601. */
  readonly began: string;
  private readonly path: string | undefined;
  private readonly steps: Map<string, Step[]>;

  private constructor(began: string, steps: Map<string, Step[]>, path: string | undefined) {
    this.began = began;
    this.steps = steps;
    this.path = path;
  }

  /** That of the last run at full size, if it was cut short; a small run begins anew each time and leaves nothing. */
  static async open(small: boolean): Promise<Progress> {
    const path = join(packageFolder(), 'data', 'prove', 'progress.json');
    const now = new Date().toISOString();
    if (small) return new Progress(now, new Map(), undefined);
    try {
      const { began, steps } = JSON.parse(await readFile(path, 'utf8')) as { began: string; steps: [string, Step[]][] };
      return new Progress(began, new Map(steps), path);
    } catch {
      return new Progress(now, new Map(), path);
    }
  }

  of(proof: string): readonly Step[] {
    return this.steps.get(proof) ?? [];
  }

  has(proof: string, name: string): boolean {
    return this.of(proof).some((step) => step.name === name);
  }

  async add(proof: string, step: Step): Promise<void> {
    this.steps.set(proof, [...this.of(proof), step]);
    if (this.path === undefined) return;
    await mkdir(dirname(this.path), { recursive: true });
    await writeFile(`${this.path}.new`, JSON.stringify({ began: this.began, steps: [...this.steps] }));
    await rename(`${this.path}.new`, this.path);
  }

  /** Forgets all of it: the figures are written down. */
  async clear(): Promise<void> {
    if (this.path !== undefined) await rm(this.path, { force: true });
  }
}
