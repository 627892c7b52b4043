import { knownMembers } from './known-members.ts';
import { isVersionForm, type VersionForm } from './version-form.ts';

/** What another place says of a version: as much of a registration as it has. */
export interface ImportedVersion {
  model: string | undefined;
  form: Partial<Omit<VersionForm, 'artifact' | 'code'>> & { artifact?: Partial<VersionForm['artifact']>; code?: Partial<VersionForm['code']> };
}

/** What whoever imports says in the place of, or beside, what the other place has. */
export interface GivenFacts {
  model?: string | undefined;
  version?: string | undefined;
  owner?: string | undefined;
  intendedUse?: string | undefined;
  commit?: string | undefined;
  repository?: string | undefined;
  artifactDigest?: string | undefined;
}

/** What is imported cannot be registered as it is. */
export class ImportError extends Error {
  override readonly name = 'ImportError';
}

/** By which option of the command line each is given. */
const OPTIONS: Readonly<Record<keyof GivenFacts, string>> = {
  model: '--as', version: '--version-as', owner: '--owner', intendedUse: '--intended-use', commit: '--commit', repository: '--repository', artifactDigest: '--artifact-digest',
};

/** @throws ImportError naming everything that is missing, with the option that gives it; or every place that is not right */
export function completeVersion({ model, form }: ImportedVersion, given: GivenFacts): { model: string; form: VersionForm } {
  const { artifact = {}, code = {}, version, owner, intendedUse, ...rest } = form;
  const found = { ...knownMembers({ model, version, owner, intendedUse, commit: code.commit, artifactDigest: artifact.digest, repository: code.repository }), ...knownMembers(pick(given)) };
  const missing = REQUIRED.filter((name) => (found[name] ?? '') === '');
  if (missing.length > 0) throw new ImportError(`what is imported lacks ${missing.map((name) => `${name} (give ${OPTIONS[name]})`).join(', ')}`);
  const whole: unknown = {
    training: [], evaluation: [], ...rest, ...knownMembers({ version: found.version, owner: found.owner, intendedUse: found.intendedUse }),
    artifact: { ...artifact, digest: found.artifactDigest },
    code: knownMembers({ repository: found.repository, commit: found.commit }),
  };
  if (isVersionForm(whole)) return { model: found.model ?? '', form: whole };
  throw new ImportError(`what is imported is no registration: ${(isVersionForm.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`).join('; ')}`);
}

const REQUIRED = ['model', 'version', 'owner', 'intendedUse', 'commit', 'artifactDigest'] as const;

function pick({ model, version, owner, intendedUse, commit, repository, artifactDigest }: GivenFacts): GivenFacts {
  return { model, version, owner, intendedUse, commit, repository, artifactDigest };
}
