/** What a commitment opens to, and the digest that tells the same posted content from another. */
export interface Opening {
  /** 32 random bytes, the commitment's key. */
  salt: Uint8Array;
  /** 32 bytes, see `predictions/prepared.ts`; zeros where nothing was posted. */
  contentDigest: Uint8Array;
  /** Canonical bytes. */
  payload: Uint8Array;
}

export const SALT_BYTES = 32;
export const CONTENT_DIGEST_BYTES = 32;
const HEAD_BYTES = SALT_BYTES + CONTENT_DIGEST_BYTES;

/** The opening in one, as it is sealed: salt, content digest, payload. */
export function encodeOpening({ salt, contentDigest, payload }: Opening): Buffer {
  return Buffer.concat([salt, contentDigest, payload]);
}

/** The parts, as views; undefined when the bytes are too short to hold them. */
export function decodeOpening(bytes: Uint8Array): Opening | undefined {
  if (bytes.length < HEAD_BYTES) return undefined;
  return {
    salt: bytes.subarray(0, SALT_BYTES),
    contentDigest: bytes.subarray(SALT_BYTES, HEAD_BYTES),
    payload: bytes.subarray(HEAD_BYTES),
  };
}
