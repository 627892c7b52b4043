import type { ImportedVersion } from './imported-version.ts';
import { knownMembers } from './known-members.ts';
import type { KeyValue, MlflowClient, MlflowRun, MlflowVersion } from './mlflow-client.ts';
import type { DataSet, VersionFacts } from './version-form.ts';

const MAX_VALUE_LENGTH = 1000;
const URI = /^[\x21-\x7e]{1,1024}$/;

/**
 * A version of MLflow's registry with what its run says: parameters, metrics, data sets, source and commit. MLflow keeps no
 * digest of a model's files; where whoever registered it left one, it is the tag `artifact.sha256`. So is an owner the tag `owner`.
 */
export async function readMlflowVersion(client: MlflowClient, version: MlflowVersion, url: string): Promise<ImportedVersion> {
  const run = version.run_id === undefined || version.run_id === '' ? {} : await client.run(version.run_id);
  return importedVersion(version, run, url);
}

export function importedVersion({ name, version, description = '', source, run_id: run = '', tags }: MlflowVersion, { data = {}, inputs = {} }: MlflowRun, url: string): ImportedVersion {
  const own = valuesOf(tags);
  const ofRun = valuesOf(data.tags);
  const digest = own.get('artifact.sha256')?.toLowerCase().replace(/^sha256:/, '');
  const params = data.params ?? [];
  const metrics = (data.metrics ?? []).map(({ key, value }) => ({ name: key, value: Number(value) })).filter(({ value }) => Number.isFinite(value));
  const sets = (inputs.dataset_inputs ?? []).flatMap(dataSetOf);
  const intendedUse = description.replaceAll(/\s+/g, ' ').trim();
  return {
    model: name,
    form: {
      version,
      artifact: knownMembers({ digest: digest && `sha256:${digest}`, uri: uriOf(source) }),
      code: knownMembers({ commit: ofRun.get('mlflow.source.git.commit'), repository: uriOf(ofRun.get('mlflow.source.git.repoURL')) }),
      training: sets.filter(({ training }) => training).map(({ set }) => set),
      evaluation: sets.filter(({ training }) => !training).map(({ set }) => set),
      ...(params.length > 0 && { hyperparameters: Object.fromEntries(params.map(({ key, value }) => [key, value.slice(0, MAX_VALUE_LENGTH)])) }),
      ...(metrics.length > 0 && { metrics }),
      ...(intendedUse !== '' && { intendedUse }),
      ...knownMembers({ framework: frameworkOf(ofRun.get('mlflow.log-model.history')), owner: own.get('owner') }),
      importedFrom: { kind: 'mlflow', uri: url, name, version, ...(run !== '' && { run }) },
    },
  };
}

function uriOf(text: string | undefined): string | undefined {
  return text !== undefined && URI.test(text) ? text : undefined;
}

/** MLflow says what a data set was for by the tag `mlflow.data.context`. */
function dataSetOf({ tags, dataset }: NonNullable<NonNullable<MlflowRun['inputs']>['dataset_inputs']>[number]): { training: boolean; set: DataSet }[] {
  if (dataset?.name === undefined || dataset.digest === undefined) return [];
  const context = valuesOf(tags).get('mlflow.data.context') ?? 'training';
  return [{ training: /^train/i.test(context), set: { name: dataset.name, version: dataset.digest, digest: `mlflow:${dataset.digest}` } }];
}

/** The flavour that the model was logged in, beside the one that every model has. */
function frameworkOf(history: string | undefined): VersionFacts['framework'] {
  if (history === undefined) return undefined;
  try {
    const flavours = (JSON.parse(history) as { flavors?: Record<string, Record<string, unknown>> }[]).at(-1)?.flavors ?? {};
    const [name] = Object.keys(flavours).filter((each) => each !== 'python_function');
    const version = name === undefined ? undefined : (flavours[name]?.[`${name}_version`] ?? Object.entries(flavours[name] ?? {}).find(([key]) => key.endsWith('_version'))?.[1]);
    return name !== undefined && typeof version === 'string' ? { name, version } : undefined;
  } catch {
    return undefined;
  }
}

function valuesOf(pairs: readonly KeyValue[] | undefined): Map<string, string> {
  return new Map((pairs ?? []).map(({ key, value }) => [key, value]));
}
