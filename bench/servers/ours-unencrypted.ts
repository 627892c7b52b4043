// (c) Ours with encryption switched off: authentication, contract, commitment and chain remain.
import { plainVault } from './plain-vault.ts';
import { serveOurs } from './serve-ours.ts';

await serveOurs({ vaultOf: async () => plainVault() });
