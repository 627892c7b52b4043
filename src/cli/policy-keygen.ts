import { createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import type { Command } from 'commander';
import { ED25519, formatVkey } from '../core/vkey.ts';
import { writePrivateFile } from '../database/private-file.ts';
import { PolicyError } from '../ledger/policy-error.ts';
import { SIGNER_NAME } from '../ledger/policy-signers.ts';
import { onPolicyFiles } from './policy-folder.ts';

/** `prediction-ledger policy keygen`: a key that signs policies; the vkey goes into the file of POLICY_SIGNERS. */
export function registerPolicyKeygen(policy: Command): void {
  policy
    .command('keygen')
    .requiredOption('--key <file>', 'where the private key is written: PEM, mode 0600; there must be nothing yet')
    .option('--name <name>', 'what the key is called in entries, for good: no person’s name; made up unless said')
    .description('Makes an Ed25519 key that signs policies, and prints its vkey for the file of POLICY_SIGNERS.')
    .action((options: { key: string; name?: string }) => onPolicyFiles(() => keygen(options.key, options.name ?? `signer-${randomBytes(4).toString('hex')}`)));
}

async function keygen(path: string, name: string): Promise<void> {
  if (!SIGNER_NAME.test(name)) throw new PolicyError('--name: lower-case letters, digits and . / -, at most 100');
  const { privateKey } = generateKeyPairSync('ed25519');
  const { x } = createPublicKey(privateKey).export({ format: 'jwk' });
  const vkey = formatVkey(name, ED25519, new Uint8Array(Buffer.from(String(x), 'base64url')));
  await writePrivateFile(path, `${vkey}\n${privateKey.export({ type: 'pkcs8', format: 'pem' }) as string}`).catch((error: NodeJS.ErrnoException) => {
    throw new PolicyError(`${path} cannot be written: ${error.code}`);
  });
  process.stdout.write(`${vkey}\n`);
}
