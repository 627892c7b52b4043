import { readFileSync, unwatchFile, watchFile } from 'node:fs';
import type { Server, ServerOptions } from 'node:https';
import { createSecureContext } from 'node:tls';
import { SettingsError, type TlsSettings } from '../settings.ts';

/** A renewed certificate is noticed so soon, whichever way its file was replaced. */
const POLL_MS = 5000;

type SecureOptions = Pick<ServerOptions, 'cert' | 'key' | 'ca' | 'minVersion' | 'requestCert' | 'rejectUnauthorized' | 'honorCipherOrder'>;

/**
 * What the server presents. A client's certificate is asked for where there is an authority to check it by; who shows
 * none comes by a key.
 *
 * @throws SettingsError where a file cannot be read, or key and certificate are no pair
 */
export function readSecureOptions({ cert, key, clientCa }: TlsSettings): SecureOptions {
  const options: SecureOptions = {
    cert: read('TLS_CERT', cert),
    key: read('TLS_KEY', key),
    // RFC 8996 ended TLS 1.0 and 1.1.
    minVersion: 'TLSv1.2',
    honorCipherOrder: true,
    ...(clientCa !== undefined && { ca: read('TLS_CLIENT_CA', clientCa), requestCert: true, rejectUnauthorized: false }),
  };
  try {
    createSecureContext(options);
  } catch {
    throw new SettingsError('TLS_CERT, TLS_KEY and TLS_CLIENT_CA are not a certificate, its key and an authority, each as PEM');
  }
  return options;
}

/** Presents a renewed certificate from when its files change. One that is not right is said, and the old one goes on. */
export function followCertificate(server: Server, settings: TlsSettings, say: (level: 'info' | 'warn', message: string) => void): void {
  const files = [settings.cert, settings.key, settings.clientCa].filter((file) => file !== undefined);
  const reload = (): void => {
    try {
      server.setSecureContext(readSecureOptions(settings));
      say('info', 'the TLS certificate was read anew');
    } catch (error) {
      say('warn', `the TLS certificate was not read anew: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  for (const file of files) watchFile(file, { interval: POLL_MS, persistent: false }, reload);
  server.once('close', () => {
    for (const file of files) unwatchFile(file, reload);
  });
}

function read(name: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new SettingsError(`${name} cannot be read: ${(error as NodeJS.ErrnoException).code}`);
  }
}
