import type { DataKey } from './data-key.ts';

const MAX_CACHED = 20_000;

interface Waiting {
  resolve(key: DataKey): void;
  reject(error: unknown): void;
}

/**
 * The keys of data subjects by reference. Those in use are answered from memory; all that are asked for in one turn of the
 * event loop are looked up together.
 */
export class SubjectKeys {
  private readonly find: (references: readonly string[]) => Promise<Map<string, DataKey>>;
  private cached = new Map<string, DataKey>();
  /** Of before: what was used again is moved on, so that the oldest go first without a list to keep in order. */
  private older = new Map<string, DataKey>();
  private waiting = new Map<string, Waiting[]>();
  private generation = 0;

  constructor(find: (references: readonly string[]) => Promise<Map<string, DataKey>>) {
    this.find = find;
  }

  of(reference: string): DataKey | Promise<DataKey> {
    const cached = this.cached.get(reference);
    if (cached !== undefined) return cached;
    const older = this.older.get(reference);
    if (older === undefined) return this.ask(reference);
    this.keep(reference, older);
    return older;
  }

  /** Drops every key that is remembered, and what is being looked up too. */
  clear(): void {
    this.generation += 1;
    this.cached = new Map();
    this.older = new Map();
  }

  private keep(reference: string, key: DataKey): void {
    if (this.cached.size >= MAX_CACHED / 2) {
      this.older = this.cached;
      this.cached = new Map();
    }
    this.cached.set(reference, key);
  }

  private ask(reference: string): Promise<DataKey> {
    return new Promise((resolve, reject) => {
      const others = this.waiting.get(reference);
      if (others !== undefined) return void others.push({ resolve, reject });
      if (this.waiting.size === 0) setImmediate(() => void this.lookUp());
      this.waiting.set(reference, [{ resolve, reject }]);
    });
  }

  private async lookUp(): Promise<void> {
    const { waiting, generation } = this;
    this.waiting = new Map();
    try {
      const found = await this.find([...waiting.keys()]);
      for (const [reference, askers] of waiting) {
        const key = found.get(reference) as DataKey; // `find` gives one for each, or throws
        if (generation === this.generation) this.keep(reference, key);
        for (const { resolve } of askers) resolve(key);
      }
    } catch (error) {
      for (const askers of waiting.values()) for (const { reject } of askers) reject(error);
    }
  }
}
