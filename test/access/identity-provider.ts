import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK, type JWTPayload } from 'jose';

/** An OpenID provider on this machine: discovery, keys that can change, and a server that can fall silent. */
export class LocalProvider {
  /** What is served as the key set, whatever it is. */
  served: unknown = { keys: [] };
  /** How it answers. */
  mode: 'well' | 'failing' | 'silent' | 'elsewhere' = 'well';
  requests = 0;
  private readonly server: Server;
  private readonly signers = new Map<string, { alg: string; key: CryptoKey; jwk: JWK }>();

  private constructor() {
    this.server = createServer((request, response) => {
      this.requests += 1;
      if (this.mode === 'silent') return;
      if (this.mode === 'elsewhere') return void response.writeHead(302, { location: '/keys?moved' }).end();
      if (this.mode === 'failing') return void response.writeHead(500).end();
      const isConfiguration = request.url === '/.well-known/openid-configuration';
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(isConfiguration ? { issuer: this.issuer, jwks_uri: `${this.issuer}/keys` } : this.served));
    });
  }

  static async start(): Promise<LocalProvider> {
    const provider = new LocalProvider();
    provider.server.listen(0, '127.0.0.1');
    await once(provider.server, 'listening');
    await provider.addKey('key-1');
    return provider;
  }

  get issuer(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Makes a key and serves it beside the others. */
  async addKey(kid: string, alg = 'ES256'): Promise<void> {
    const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
    this.signers.set(kid, { alg, key: privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } });
    this.serve([...this.signers.keys()]);
  }

  serve(kids: readonly string[]): void {
    this.served = { keys: kids.map((kid) => this.signers.get(kid)?.jwk) };
  }

  publicKey(kid = 'key-1'): JWK {
    return this.signers.get(kid)?.jwk ?? {};
  }

  /** A token that is right in everything but what is said. */
  sign(claims: JWTPayload & Record<string, unknown> = {}, { kid = 'key-1', header = {} }: { kid?: string; header?: Record<string, unknown> } = {}): Promise<string> {
    const signer = this.signers.get(kid);
    if (signer === undefined) throw new Error('no such key');
    const now = Math.floor(Date.now() / 1000);
    const payload = Object.fromEntries(Object.entries({ iss: this.issuer, aud: 'prediction-ledger', sub: 'somebody', iat: now, exp: now + 300, groups: ['auditors'], ...claims }).filter(([, value]) => value !== undefined));
    return new SignJWT(payload).setProtectedHeader({ alg: signer.alg, kid, ...header }).sign(signer.key);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }
}

/** The policy file that trusts it. */
export function trusting(provider: LocalProvider, more = ''): string {
  return `providers:
  - id: corporate
    issuer: ${provider.issuer}
    audience: prediction-ledger
    algorithms: [ES256, RS256]
    clockSkewSeconds: 5
    maxTokenAgeSeconds: 600
${more}    grants:
      - { claim: [groups], value: auditors, tenant: default, role: auditor }
      - { claim: [realm_access, roles], value: privacy, tenant: default, role: privacy-officer }
      - { claim: [groups], value: operators, tenant: default, role: operator }
      - { claim: [groups], value: elsewhere, tenant: elsewhere, role: admin }
`;
}
