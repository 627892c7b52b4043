// (e) Ours as it is delivered, but everybody may do everything: nobody is authenticated and no rule is asked. What (d) is
// slower than this is what access costs an append. No setting of the service does that.
import { AccessGuard } from '../../src/access/access.guard.ts';
import type { GuardedRequest } from '../../src/access/access.ts';
import { Caller } from '../../src/access/caller.ts';
import type { Decision } from '../../src/access/decision.ts';
import type { Principal } from '../../src/access/principal.ts';
import type { Roles } from '../../src/access/roles.ts';
import { VisibleFields } from '../../src/access/visible-fields.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { serveOurs } from './serve-ours.ts';

const ANYBODY: Principal = { id: `prn_${'0'.repeat(24)}`, tenant: 1, role: 'producer', method: 'api-key', prefix: 'pl_00000000', issuedBy: 'system', elevations: [] };
const ALLOWED: Decision = { allowed: true, action: 'append', resource: 'prediction', rule: 'bench-allows-everything', policy: '', fields: VisibleFields.all };
const RULES = { settled: () => ALLOWED, decide: () => ALLOWED, roleOf: () => ANYBODY.role } as unknown as Roles;
const APPENDS = { action: 'append', resource: 'prediction', each: true, trace: 'none' } as const;

function letEverybodyIn(): void {
  let anybody: Caller | undefined;
  AccessGuard.prototype.admit = function (this: AccessGuard, request: GuardedRequest): true {
    anybody ??= new Caller(ANYBODY, (this as unknown as { ledger: Ledger }).ledger.ofTenant(ANYBODY.tenant), APPENDS, RULES, ALLOWED);
    request.caller = anybody;
    return true;
  };
}

await serveOurs({}, letEverybodyIn);
