// (c) Ours with encryption switched off: authentication, contract, commitment and chain remain.
import { plainSealer } from './plain-sealer.ts';
import { serveOurs } from './serve-ours.ts';

await serveOurs({ sealerFor: async () => plainSealer });
