import { verify, X509Certificate } from 'node:crypto';
import { Problem } from '../http/problem.ts';
import { newPrincipalId, type NewCredential } from './api-key.ts';
import type { Caller } from './caller.ts';
import { shownOf } from './client-certificate.ts';
import type { CredentialAdministration } from './credential-administration.ts';
import { keep, termsOf, type KeyRequest } from './issue-key.ts';

/** A certificate is registered by its fingerprint: a name in it could not be shown to be the registrant's. */
export interface CertificateRequest extends KeyRequest {
  /** PEM. */
  certificate: string;
  /** Base64 of a signature by the certificate's key over `proofText` of the log. */
  proof: string;
}

/** What the holder of a certificate's key signs (SHA-256; Ed25519 as it is) to let it stand for a principal of that log's tenant. */
export function proofText(origin: string): string {
  return `prediction-ledger certificate\n${origin}\n`;
}

/**
 * Lets a client certificate stand for a new principal. A certificate is no secret, and tenants may share an authority: so
 * who registers one shows that its key agrees, or a tenant could make another's clients write into its own log.
 *
 * @throws Problem `invalid-body`, `forbidden`, `credential-taken`; AppendError
 */
export async function registerCertificate({ policy, isCertificateKnown }: CredentialAdministration, caller: Caller, asked: CertificateRequest): Promise<NewCredential> {
  caller.decide({ role: asked.role, own: false });
  const certificate = read(asked.certificate);
  if (!isProof(certificate, proofText(caller.log.row.origin), asked.proof)) throw invalid('/proof', 'is not a signature by the certificate’s key over this log’s text');
  const { digest, until } = shownOf(certificate);
  const terms = termsOf(policy, caller, asked);
  const expires = new Date(Math.min(until, Date.parse(terms.expires ?? ''))).toISOString();
  const credential = { principal: newPrincipalId(), role: asked.role, prefix: `crt_${digest.slice(0, 8)}`, digest, terms: { ...terms, expires } };
  if (await isCertificateKnown(digest, caller.log.row.tenant, credential.prefix)) throw new Problem('credential-taken', 'That certificate is registered already.');
  await keep(caller.log.pool, caller, credential);
  return credential;
}

function read(pem: string): X509Certificate {
  try {
    const certificate = new X509Certificate(pem);
    if (Date.parse(certificate.validTo) > Date.now()) return certificate;
  } catch {
    throw invalid('/certificate', 'is not a certificate as PEM');
  }
  throw invalid('/certificate', 'has expired');
}

function isProof({ publicKey }: X509Certificate, text: string, proof: string): boolean {
  const hash = publicKey.asymmetricKeyType?.startsWith('ed') === true ? null : 'sha256';
  try {
    return verify(hash, Buffer.from(text), publicKey, Buffer.from(proof, 'base64'));
  } catch {
    return false;
  }
}

function invalid(at: string, detail: string): Problem {
  return new Problem('invalid-body', 'The body is not right; see errors for every place.', { errors: [{ at, code: 'form', detail }] });
}
