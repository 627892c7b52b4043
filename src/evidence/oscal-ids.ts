import { createHash } from 'node:crypto';

/**
 * OSCAL's ids of controls are tokens, which citations are not: `164.312(b)` of `hipaa` becomes `hipaa-164.312-b`. Two citations
 * never become one token.
 *
 * @returns token by control id
 */
export function oscalIds(framework: string, controls: readonly string[]): Map<string, string> {
  const ids = new Map<string, string>();
  const taken = new Set<string>();
  for (const control of controls) {
    const plain = `${framework}-${control.replaceAll(/[^A-Za-z0-9._]+/g, '-').replaceAll(/^-+|-+$/g, '')}`;
    const id = taken.has(plain) ? `${plain}-${createHash('sha256').update(control).digest('hex').slice(0, 8)}` : plain;
    taken.add(id);
    ids.set(control, id);
  }
  return ids;
}
