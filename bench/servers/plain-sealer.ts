import { CONTENT_DIGEST_BYTES, SALT_BYTES, type Opening, type PayloadSealer } from '../../src/vault/payload-sealer.ts';

/** Stores openings as they are. It stands here, not in the service: nobody can switch encryption off by a setting. */
export const plainSealer: PayloadSealer = {
  seal: ({ salt, contentDigest, payload }: Opening) => ({ key: 0, sealed: Buffer.concat([salt, contentDigest, payload]) }),
  open: async (_key, sealed) => ({
    salt: sealed.subarray(0, SALT_BYTES),
    contentDigest: sealed.subarray(SALT_BYTES, SALT_BYTES + CONTENT_DIGEST_BYTES),
    payload: sealed.subarray(SALT_BYTES + CONTENT_DIGEST_BYTES),
  }),
};
