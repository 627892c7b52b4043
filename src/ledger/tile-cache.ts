/** Tiles of 8 KiB kept at most: 32 MiB, however many logs there are. */
const MAX_TILES = 4096;

/** Full tiles of all logs, the least recently used of which goes first. They never change. */
export class TileCache {
  private readonly tiles = new Map<string, Uint8Array>();

  get(key: string): Uint8Array | undefined {
    const tile = this.tiles.get(key);
    if (tile === undefined) return undefined;
    // Map keeps insertion order: put back at the end, the first one is the least recently used.
    this.tiles.delete(key);
    this.tiles.set(key, tile);
    return tile;
  }

  set(key: string, tile: Uint8Array): void {
    this.tiles.set(key, tile);
    if (this.tiles.size <= MAX_TILES) return;
    const [oldest] = this.tiles.keys();
    if (oldest !== undefined) this.tiles.delete(oldest);
  }
}
