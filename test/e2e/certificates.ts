import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { BasicConstraintsExtension, cryptoProvider, SubjectAlternativeNameExtension, X509CertificateGenerator, type X509Certificate } from '@peculiar/x509';

cryptoProvider.set(webcrypto as never); // typed by the browser's library, which is not here
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const DAY_MS = 86_400_000;

export interface Issued {
  cert: string;
  key: string;
  der: Buffer;
}

/** An authority that makes certificates for servers and clients of a test. */
export class TestAuthority {
  private readonly keys: webcrypto.CryptoKeyPair;
  private readonly root: X509Certificate;
  private serial = 1;

  private constructor(keys: webcrypto.CryptoKeyPair, root: X509Certificate) {
    this.keys = keys;
    this.root = root;
  }

  static async make(): Promise<TestAuthority> {
    const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
    const root = await X509CertificateGenerator.createSelfSigned({ serialNumber: '01', name: 'CN=Test Authority', notBefore: new Date(Date.now() - DAY_MS), notAfter: new Date(Date.now() + DAY_MS), keys, signingAlgorithm: ALGORITHM, extensions: [new BasicConstraintsExtension(true, undefined, true)] });
    return new TestAuthority(keys, root);
  }

  get cert(): string {
    return this.root.toString('pem');
  }

  async issue(name: string, lastsMs = DAY_MS): Promise<Issued> {
    const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
    this.serial += 1;
    const certificate = await X509CertificateGenerator.create({
      serialNumber: this.serial.toString(16).padStart(2, '0'), subject: `CN=${name}`, issuer: this.root.subject, notBefore: new Date(Date.now() - DAY_MS), notAfter: new Date(Date.now() + lastsMs),
      publicKey: keys.publicKey, signingKey: this.keys.privateKey, signingAlgorithm: ALGORITHM, extensions: [new SubjectAlternativeNameExtension([{ type: 'dns', value: 'localhost' }, { type: 'ip', value: '127.0.0.1' }])],
    });
    const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
    return { cert: certificate.toString('pem'), key: `-----BEGIN PRIVATE KEY-----\n${pkcs8}\n-----END PRIVATE KEY-----\n`, der: Buffer.from(certificate.rawData) };
  }
}
