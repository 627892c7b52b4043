import { compileRole } from '../../src/access/compile-role.ts';
import { RoleRules } from '../../src/access/role-rules.ts';

/** A role of rules as a file has them, in the flow form of YAML without its braces; ids r0, r1, … */
export function roleOf(...rules: readonly string[]): RoleRules {
  const text = `role: some\ndescription: x\nrules:\n${rules.map((rule, n) => `  - { id: r${n}, reason: because, ${rule} }`).join('\n')}\n`;
  return new RoleRules(compileRole('roles/some.yaml', text), 'digest');
}

export const ME = { id: 'prn_me', role: 'some' };
