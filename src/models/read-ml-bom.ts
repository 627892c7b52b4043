import { ImportError, type ImportedVersion } from './imported-version.ts';
import { knownMembers } from './known-members.ts';
import { PROPERTY } from './ml-bom.ts';
import type { DataSet } from './version-form.ts';

type Json = Record<string, unknown>;

/**
 * Reads a version from a CycloneDX ML-BOM in JSON (1.5, which brought the model card, to 1.7), ours or another's.
 *
 * @throws ImportError
 */
export function readMlBom(document: unknown): ImportedVersion {
  const bom = object(document);
  if (bom?.['bomFormat'] !== 'CycloneDX' || !['1.5', '1.6', '1.7'].includes(String(bom['specVersion']))) throw new ImportError('the file is no CycloneDX BOM of version 1.5, 1.6 or 1.7 in JSON');
  const components = [object(object(bom['metadata'])?.['component']), ...list(bom['components'])].filter((each) => each !== undefined);
  const models = components.filter(({ type }) => type === 'machine-learning-model');
  const [model] = models;
  if (model === undefined) throw new ImportError('the BOM describes no component of type machine-learning-model');
  if (models.length > 1) throw new ImportError('the BOM describes several models: import a BOM of one');
  const card = object(model['modelCard']);
  const properties = propertiesOf(model);
  const dataSets = dataSetsOf(card, components);
  const facts = {
    version: text(model['version']),
    owner: ownerOf(model),
    intendedUse: intendedUseOf(card),
    framework: frameworkOf(components),
    metrics: metricsOf(card),
    hyperparameters: parsed(properties.get(PROPERTY.hyperparameters)),
    features: parsed(properties.get(PROPERTY.features)),
    importedFrom: parsed(properties.get(PROPERTY.importedFrom)),
  };
  return {
    model: text(model['name']),
    form: {
      ...(knownMembers(facts) as ImportedVersion['form']),
      training: dataSets.filter(({ use }) => use === 'training').map(({ set }) => set),
      evaluation: dataSets.filter(({ use }) => use === 'evaluation').map(({ set }) => set),
      artifact: knownMembers({ digest: sha256Of(model), uri: urlOf(model, 'distribution') ?? properties.get(PROPERTY.artifactUri) }),
      code: knownMembers({ commit: text(list(object(model['pedigree'])?.['commits'])[0]?.['uid']), repository: urlOf(model, 'vcs') ?? properties.get(PROPERTY.repository) }),
    },
  };
}

function ownerOf(model: Json): string | undefined {
  return text(object(model['supplier'])?.['name']) ?? text(object(model['manufacturer'])?.['name']) ?? text(model['publisher']) ?? text(model['group']);
}

function intendedUseOf(card: Json | undefined): string | undefined {
  const useCases = object(card?.['considerations'])?.['useCases'];
  return Array.isArray(useCases) ? text(useCases.filter((each) => typeof each === 'string').join(' ')) : undefined;
}

function frameworkOf(components: readonly Json[]): { name: string; version: string } | undefined {
  const framework = components.find(({ type }) => type === 'framework');
  return framework && { name: text(framework['name']) ?? '', version: text(framework['version']) ?? 'unknown' };
}

function metricsOf(card: Json | undefined): ReturnType<typeof metricOf> | undefined {
  const analysis = object(card?.['quantitativeAnalysis']);
  return analysis && list(analysis['performanceMetrics']).flatMap(metricOf);
}

/** Data sets of the model card, by reference or inline; without a word of ours, they are what it was trained on. */
function dataSetsOf(card: Json | undefined, components: readonly Json[]): { use: string; set: DataSet }[] {
  return list(object(card?.['modelParameters'])?.['datasets']).map((each, i) => {
    const component = typeof each['ref'] === 'string' ? components.find((one) => one['bom-ref'] === each['ref']) : each;
    if (component === undefined) throw new ImportError(`/modelCard/modelParameters/datasets/${i} refers to nothing in the BOM`);
    const properties = propertiesOf(component);
    const digest = properties.get(PROPERTY.digest) ?? sha256Of(component);
    const [from, to] = [properties.get(PROPERTY.from), properties.get(PROPERTY.to)];
    const name = text(component['name']);
    if (digest === undefined || name === undefined) throw new ImportError(`data set ${i} of the BOM has no ${name === undefined ? 'name' : 'SHA-256'}: what it was cannot be told again`);
    const set = { name, version: text(component['version']) ?? 'unknown', digest, ...(from !== undefined && { from }), ...(to !== undefined && { to }) };
    return { use: properties.get(PROPERTY.use) ?? 'training', set };
  });
}

function metricOf({ type, value, slice }: Json): { name: string; value: number; dataSet?: string }[] {
  const name = text(type);
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : NaN;
  if (name === undefined || !Number.isFinite(number)) return [];
  return [{ name, value: number, ...(typeof slice === 'string' && { dataSet: slice }) }];
}

function sha256Of(component: Json): string | undefined {
  const content = text(list(component['hashes']).find(({ alg }) => alg === 'SHA-256')?.['content']);
  return content === undefined ? undefined : `sha256:${content.toLowerCase()}`;
}

function urlOf(component: Json, type: string): string | undefined {
  return text(list(component['externalReferences']).find((each) => each['type'] === type)?.['url']);
}

function propertiesOf(component: Json): Map<string, string> {
  return new Map(list(component['properties']).map(({ name, value }) => [String(name), typeof value === 'string' ? value : '']));
}

function parsed(value: string | undefined): unknown {
  if (value === undefined) return undefined;
  try {
    return JSON.parse(value);
  } catch {
    throw new ImportError('a property of the BOM is not the JSON that it should be');
  }
}

function object(value: unknown): Json | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
}

function list(value: unknown): Json[] {
  return Array.isArray(value) ? (value as unknown[]).flatMap((each): Json[] => { const found = object(each); return found === undefined ? [] : [found]; }) : [];
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
