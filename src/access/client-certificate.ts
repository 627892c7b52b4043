import { createHash, X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import type { TrustedProxies } from '../http/trusted-proxies.ts';

/** A client certificate that was shown, and whose chain was checked: here, or by a proxy that is trusted to. */
export interface ShownCertificate {
  /** SHA-256 of its DER, hexadecimal. */
  digest: string;
  /** ms since 1970. */
  from: number;
  until: number;
}

/** What of a request may bring one. */
export interface CertificateBearer {
  headers: { 'client-cert'?: string | string[] | undefined };
  raw?: { socket: Partial<Pick<TLSSocket, 'remoteAddress' | 'authorized' | 'getPeerX509Certificate'>> };
}

const MAX_HEADER = 12_000;

/** Finds the certificate of a request. */
export class ClientCertificates {
  private readonly proxies: TrustedProxies;
  private readonly bySocket = new WeakMap<object, ShownCertificate | 'none'>();

  constructor(proxies: TrustedProxies) {
    this.proxies = proxies;
  }

  /**
   * The certificate; 'untrusted' where a header claims one that only a trusted proxy may (RFC 9440, section 4), or one
   * that is none.
   */
  of({ headers, raw }: CertificateBearer): ShownCertificate | 'none' | 'untrusted' {
    const header = headers['client-cert'];
    const socket = raw?.socket;
    if (header !== undefined) return this.proxies.has(socket?.remoteAddress) ? ofHeader(header) : 'untrusted';
    // What a proxy presents for itself says nothing of whom it speaks for.
    if (socket?.authorized !== true || this.proxies.has(socket.remoteAddress)) return 'none';
    const known = this.bySocket.get(socket);
    if (known !== undefined) return known;
    const certificate = socket.getPeerX509Certificate?.();
    const shown = certificate === undefined ? 'none' : shownOf(certificate);
    this.bySocket.set(socket, shown);
    return shown;
  }
}

/** RFC 9440, section 2.1 (`:base64:`), or PEM percent-encoded, as nginx's `$ssl_client_escaped_cert` is. */
function ofHeader(header: string | string[]): ShownCertificate | 'untrusted' {
  if (typeof header !== 'string' || header.length > MAX_HEADER) return 'untrusted';
  const [, base64] = /^:([A-Za-z0-9+/]+={0,2}):$/.exec(header) ?? [];
  try {
    return shownOf(new X509Certificate(base64 === undefined ? decodeURIComponent(header) : Buffer.from(base64, 'base64')));
  } catch {
    return 'untrusted';
  }
}

export function shownOf({ raw, validFrom, validTo }: X509Certificate): ShownCertificate {
  return { digest: createHash('sha256').update(raw).digest('hex'), from: Date.parse(validFrom), until: Date.parse(validTo) };
}
