import { decodeOpening } from '../../src/vault/opening.ts';
import type { LogVault, SealingKey } from '../../src/vault/log-vault.ts';

const OWN: SealingKey = {
  id: 0,
  subject: undefined,
  seal: (_part, _commitment, plaintext) => Buffer.from(plaintext),
  tokenLookup: () => Buffer.alloc(16),
};

const SUBJECTS: SealingKey = { ...OWN, subject: 'sub_000000000000000000000000' };

/** Stores openings as they are, under no key. It stands here, not in the service: nobody can switch encryption off by a setting. */
export function plainVault(): LogVault {
  // Follows the log's, as every vault does: what is sealed at an older one takes the way of those that others overtook.
  let version = 0;
  return {
    get version() {
      return version;
    },
    epoch: 0,
    tokens: { of: () => Buffer.alloc(16) },
    subjectKey: () => SUBJECTS,
    currentSubjectKey: async () => SUBJECTS,
    keyOfSubject: async () => SUBJECTS,
    keyOf: async () => OWN,
    findSubjectKey: async () => SUBJECTS,
    referenceOf: async () => undefined,
    freshKey: async () => {
      throw new Error('nothing is erased in a benchmark');
    },
    ownKey: () => ({ key: OWN, row: undefined }),
    open: async (_key, sealed) => {
      const opening = decodeOpening(sealed);
      if (opening === undefined) throw new Error('a stored opening is cut short');
      return opening;
    },
    openAll: async (parts) => parts.map(({ sealed }) => decodeOpening(sealed)),
    openOriginals: async (_key, sealed) => Buffer.from(sealed),
    openQuarantined: async (_key, sealed) => Buffer.from(sealed),
    present: async (keys) => new Set(keys),
    renew: async (to) => {
      version = to;
    },
  };
}
