/** A node: level 0 holds leaf hashes; (level, index) covers leaves [index · 2^level, (index + 1) · 2^level). */
export interface NodeId {
  level: number;
  index: number;
}

/**
 * Fetches the hashes (32 bytes each) of complete nodes, in the order asked for. A proof asks once, with all it needs.
 * What it returns is not trusted: a wrong hash makes a proof that does not verify.
 */
export type HashReader = (nodes: readonly NodeId[]) => Promise<Uint8Array[]>;
