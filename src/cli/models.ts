import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { completeVersion, ImportError, type GivenFacts, type ImportedVersion } from '../models/imported-version.ts';
import { MlflowClient } from '../models/mlflow-client.ts';
import { readMlBom } from '../models/read-ml-bom.ts';
import { readMlflowVersion } from '../models/read-mlflow.ts';

interface ImportOptions extends Omit<GivenFacts, 'model' | 'version'> {
  as?: string;
  versionAs?: string;
  artifact?: string;
  to?: string;
  keyFile?: string;
}

/** `prediction-ledger models …`: versions from other places, and as ML-BOM. */
export function registerModels(program: Command): void {
  const models = program.command('models').summary('import model versions from MLflow or an ML-BOM, export them as ML-BOM');
  const from = models.command('import').summary('register what another place says of a version');
  common(from.command('mlflow'))
    .requiredOption('--url <url>', 'the MLflow tracking server')
    .requiredOption('--model <name>', 'the registered model')
    .option('--only <version>', 'one version alone; all of them unless said')
    .option('--token-file <file>', 'a bearer token for MLflow; MLFLOW_TRACKING_TOKEN unless said')
    .option('--timeout <seconds>', 'how long one answer is waited for', '20')
    .description('Reads versions of a registered model with the parameters, metrics, data sets and commit of their runs, and registers them; without --to, prints what would be sent.')
    .action((options: ImportOptions & MlflowOptions) => refusing(() => importMlflow(options)));
  common(from.command('ml-bom'))
    .argument('<file>', 'a CycloneDX BOM of version 1.5 to 1.7, in JSON')
    .description('Reads a version from a CycloneDX ML-BOM and registers it; without --to, prints what would be sent.')
    .action((file: string, options: ImportOptions) => refusing(() => importBom(file, options)));
  models
    .command('export')
    .argument('<model>')
    .argument('<version>')
    .requiredOption('--to <url>', 'the service')
    .option('--key-file <file>', 'holds the API key; PREDICTION_LEDGER_KEY unless said')
    .description('Prints a registered version as CycloneDX 1.7 ML-BOM.')
    .action((model: string, version: string, options: ImportOptions) => refusing(async () => {
      process.stdout.write(`${await call(options, `${pathOf(model)}/${encodeURIComponent(version)}/ml-bom`)}\n`);
    }));
}

interface MlflowOptions {
  url: string;
  model: string;
  /** One alone. */
  only?: string;
  tokenFile?: string;
  timeout: string;
}

/** What the other place may lack, and where the registration goes. */
function common(command: Command): Command {
  return command
    .option('--to <url>', 'the service to register with')
    .option('--key-file <file>', 'holds the API key of a model-approver; PREDICTION_LEDGER_KEY unless said')
    .option('--as <model>', 'the model’s name in the ledger')
    .option('--version-as <version>', 'the version’s name in the ledger')
    .option('--owner <name>', 'who answers for it: a team, no person')
    .option('--intended-use <text>', 'what it is for')
    .option('--commit <commit>', 'of the code that made it')
    .option('--repository <url>', 'of that code')
    .option('--artifact-digest <digest>', 'sha256: and 64 hexadecimal digits')
    .option('--artifact <file>', 'the artifact itself, whose digest is taken');
}

async function importMlflow(options: ImportOptions & MlflowOptions): Promise<void> {
  const { url, model, only } = options;
  const token = options.tokenFile === undefined ? process.env['MLFLOW_TRACKING_TOKEN'] : (await readText(options.tokenFile)).trim();
  const seconds = Number(options.timeout);
  if (!(seconds > 0 && seconds <= 600)) throw new ImportError('--timeout is from 1 to 600 seconds');
  const client = new MlflowClient({ url, token, timeoutMs: seconds * 1000 });
  const all = (await client.versionsOf(model)).filter((each) => only === undefined || each.version === only);
  if (all.length === 0) throw new ImportError('MLflow has no such version');
  // The oldest first, as they came to be.
  for (const each of all.toSorted((a, b) => Number(a.version) - Number(b.version))) await register(await readMlflowVersion(client, each, url), options);
}

async function importBom(file: string, options: ImportOptions): Promise<void> {
  const text = await readText(file);
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw new ImportError(`${file} is not JSON`);
  }
  const imported = readMlBom(document);
  imported.form.importedFrom = { kind: 'cyclonedx', digest: `sha256:${createHash('sha256').update(text).digest('hex')}` };
  await register(imported, options);
}

async function register(imported: ImportedVersion, options: ImportOptions): Promise<void> {
  const digest = options.artifact === undefined ? options.artifactDigest : `sha256:${createHash('sha256').update(await readFile(options.artifact)).digest('hex')}`;
  const { model, form } = completeVersion(imported, { ...options, model: options.as, version: options.versionAs, artifactDigest: digest });
  process.stdout.write(options.to === undefined ? `${JSON.stringify({ model, ...form }, null, 2)}\n` : `${await call(options, pathOf(model), form)}\n`);
}

function pathOf(model: string): string {
  return `/v1/models/${encodeURIComponent(model)}/versions`;
}

async function call({ to, keyFile }: ImportOptions, path: string, body?: object): Promise<string> {
  const key = keyFile === undefined ? process.env['PREDICTION_LEDGER_KEY'] : (await readText(keyFile)).trim();
  if (key === undefined || key === '') throw new ImportError('no API key: give --key-file or PREDICTION_LEDGER_KEY');
  const response = await fetch(new URL(path, to), {
    method: body === undefined ? 'GET' : 'POST', redirect: 'error', signal: AbortSignal.timeout(30_000),
    headers: { authorization: `Bearer ${key}`, ...(body !== undefined && { 'content-type': 'application/json' }) }, ...(body !== undefined && { body: JSON.stringify(body) }),
  }).catch((error: unknown) => {
    throw new ImportError(`the service does not answer: ${error instanceof Error ? ((error.cause as NodeJS.ErrnoException | undefined)?.code ?? error.message) : ''}`);
  });
  const text = await response.text();
  if (!response.ok) throw new ImportError(`the service answers ${response.status}: ${text}`);
  return text;
}

async function readText(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new ImportError(`${file} cannot be read: ${error.code ?? error.message}`);
  });
}

async function refusing(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof ImportError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
