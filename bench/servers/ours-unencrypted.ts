// (c) Ours with encryption switched off and a contract that changes nothing: authentication, commitment and chain remain.
import { mkdir } from 'node:fs/promises';
import { readSettings } from '../../src/settings.ts';
import { plainVault } from './plain-vault.ts';
import { serveOurs } from './serve-ours.ts';
import { withTrivialContract } from './trivial-contract.ts';

const { dataDir, policiesDir } = readSettings(process.env);
await mkdir(dataDir, { recursive: true });
process.env['POLICIES_DIR'] = await withTrivialContract(policiesDir, dataDir);
await serveOurs({ vaultOf: async () => plainVault() });
