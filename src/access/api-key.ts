import { hash } from 'node:crypto';
import { randomBytes } from '../vault/random-bytes.ts';
import type { Scope } from './principal.ts';

/** What a new credential is given beside its role; all of it may be left out. */
export interface KeyTerms {
  /** A principal that goes on, at a rotation; a new one otherwise. */
  principal?: string;
  label?: string | undefined;
  scope?: Scope;
  /** RFC 3339 in UTC. */
  expires?: string | undefined;
  /** A principal; the service itself unless said. */
  issuedBy?: string;
}

/** A credential as the database keeps it: its digest, never the key. */
export interface NewCredential {
  principal: string;
  role: string;
  /** Enough of the key to recognise it by. */
  prefix: string;
  /** SHA-256 of the key, hexadecimal. 256 random bits need no slow hash. */
  digest: string;
  terms: KeyTerms;
}

/** A key as it is handed out, once. */
export interface IssuedKey extends NewCredential {
  key: string;
}

const FORM = /^pl_[0-9a-f]{8}_[A-Za-z0-9_-]{43}$/;
const PREFIX = /^(pl|crt)_[0-9a-f]{8}$/;

/** A new key of 256 random bits, for a new principal unless its terms name one. */
export function makeKey(role: string, terms: KeyTerms = {}): IssuedKey {
  const prefix = `pl_${randomBytes(4).toString('hex')}`;
  const key = `${prefix}_${randomBytes(32).toString('base64url')}`;
  return { key, principal: terms.principal ?? newPrincipalId(), role, prefix, digest: keyDigest(key), terms };
}

/** Random and opaque: it says nothing of who it stands for. */
export function newPrincipalId(): string {
  return `prn_${randomBytes(12).toString('hex')}`;
}

/** Whether a text has the form of a key; anything else need not be looked up. */
export function hasKeyForm(text: string): boolean {
  return FORM.test(text);
}

/** Whether a text has the form of a credential's prefix. */
export function hasPrefixForm(text: string): boolean {
  return PREFIX.test(text);
}

export function keyDigest(key: string): string {
  return hash('sha256', key, 'hex');
}
