/** What JSON can say (RFC 8259), as plain JavaScript values. */
export type JsonValue = null | boolean | number | string | JsonValue[] | { [key: string]: JsonValue };

/** How deep arrays and objects may nest in what is hashed (`[]` is 1 deep). Bounds every recursion over JSON. */
export const MAX_JSON_DEPTH = 64;

declare global {
  interface String {
    /** ES2024, in every runtime we name (Node 20, Chrome 111, Firefox 119, Safari 16.4), though not in lib.es2023. */
    isWellFormed(): boolean;
  }
}
