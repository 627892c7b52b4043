import type { PolicyBundle } from '../ledger/policy-bundle.ts';
import { PolicyError, type PolicyFault } from '../ledger/policy-error.ts';
import type { PolicyFile } from '../ledger/policy-file.ts';
import { rememberFile } from '../ledger/remember-file.ts';
import { compareVersions, incompatibilities } from './compatibility.ts';
import { compileContract, type Contract } from './contract.ts';
import { readContractFile } from './contract-file.ts';
import { readTenantsFile, TENANTS_PATH, type TenantsFile } from './tenants-file.ts';

const FOLDER = 'contracts/';

const contractOf = rememberFile((path, text) => compileContract(readContractFile(path, text)));

/**
 * Every contract of a policy bundle, compiled. Of several versions of a contract the newest governs; older ones that are
 * kept as `<name>@<version>.yaml` are what it is compared with.
 */
export class Contracts {
  /** Every version, by name and then from the oldest to the newest. */
  readonly all: readonly Contract[];
  private readonly byModel = new Map<string, Contract>();
  private readonly byName = new Map<string, Contract>();
  private readonly defaultOf = new Map<string, string | null>();
  private readonly everyTenant: string | null;

  /** @throws PolicyError with every fault of every file */
  constructor(bundle: Pick<PolicyBundle, 'texts'>) {
    const faults: PolicyFault[] = [];
    this.all = compileAll(bundle, faults).sort((a, b) => (a.file.contract < b.file.contract ? -1 : a.file.contract > b.file.contract ? 1 : compareVersions(a.file.version, b.file.version)));
    this.compareNeighbours(faults);
    for (const contract of this.byName.values()) this.govern(contract, faults);
    const tenants = gather(faults, () => {
      const text = bundle.texts.get(TENANTS_PATH);
      return text === undefined ? undefined : readTenantsFile(text);
    });
    if (tenants !== undefined) checkDefaults(tenants, this.byName, faults);
    if (faults.length > 0) throw new PolicyError(faults);
    this.everyTenant = tenants?.value.everyTenant?.defaultContract ?? null;
    for (const [tenant, { defaultContract }] of Object.entries(tenants?.value.tenants ?? {})) this.defaultOf.set(tenant, defaultContract);
  }

  /** The newest version of each contract, by name: the ones that govern. */
  get governing(): ReadonlyMap<string, Contract> {
    return this.byName;
  }

  /** The default contract of each tenant that is named, and of `*`, every other; null: a model without a contract is refused. */
  get defaults(): ReadonlyMap<string, string | null> {
    return new Map([['*', this.everyTenant], ...this.defaultOf]);
  }

  /** What governs a model's records in a tenant; undefined where nothing does, and they are to be refused. */
  of(model: string, tenant: string): Contract | undefined {
    const own = this.byModel.get(model);
    if (own !== undefined) return own;
    const named = this.defaultOf.get(tenant);
    const name = named === undefined ? this.everyTenant : named;
    return name === null ? undefined : this.byName.get(name);
  }

  /** Each version against the one before; and the newest of each name is noted. */
  private compareNeighbours(faults: PolicyFault[]): void {
    for (const contract of this.all) {
      const before = this.byName.get(contract.file.contract);
      this.byName.set(contract.file.contract, contract);
      if (before === undefined) continue;
      if (before.file.version === contract.file.version) {
        faults.push(contract.policyFile.fault('/version', `is the version of ${before.policyFile.path} too: raise one of them`));
      } else faults.push(...incompatibilities(before, contract));
    }
  }

  private govern(contract: Contract, faults: PolicyFault[]): void {
    for (const [position, model] of contract.file.models.entries()) {
      const other = this.byModel.get(model);
      if (other === undefined) this.byModel.set(model, contract);
      else faults.push(contract.policyFile.fault(`/models/${position}`, `is governed by ${other.id} (${other.policyFile.path}) already: name it in one contract`));
    }
  }
}

function compileAll(bundle: Pick<PolicyBundle, 'texts'>, faults: PolicyFault[]): Contract[] {
  const contracts: Contract[] = [];
  for (const [path, text] of bundle.texts) {
    if (!path.startsWith(FOLDER)) continue;
    const contract = gather(faults, () => {
      if (!path.endsWith('.yaml')) throw new PolicyError([{ path, line: 1, message: 'a contract file ends in .yaml: rename or remove it' }]);
      return contractOf(path, text);
    });
    if (contract !== undefined) contracts.push(contract);
  }
  return contracts;
}

/** Runs a step and keeps its faults, so that every file's are said at once. */
function gather<T>(faults: PolicyFault[], step: () => T): T | undefined {
  try {
    return step();
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    faults.push(...error.faults);
    return undefined;
  }
}

function checkDefaults(file: PolicyFile<TenantsFile>, known: ReadonlyMap<string, Contract>, faults: PolicyFault[]): void {
  const check = (name: string | null | undefined, pointer: string): void => {
    if (typeof name === 'string' && !known.has(name)) faults.push(file.fault(pointer, `names contract ${name}, and there is none that is right: write contracts/${name}.yaml, or null for no default`));
  };
  check(file.value.everyTenant?.defaultContract, '/everyTenant/defaultContract');
  for (const [tenant, { defaultContract }] of Object.entries(file.value.tenants ?? {})) check(defaultContract, `/tenants/${tenant}/defaultContract`);
}
