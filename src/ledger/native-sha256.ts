import { hash } from 'node:crypto';
import { installSha256 } from '../core/sha256.ts';

/** Puts OpenSSL's SHA-256 behind `core`: several times as fast as the JavaScript that a browser runs. */
export function installNativeSha256(): void {
  installSha256((data) => hash('sha256', data, 'buffer'));
}
