import { ImportError } from './imported-version.ts';

const MAX_ANSWER_BYTES = 8 * 1024 * 1024;
/** A registry that pages on and on is given up. */
const MAX_PAGES = 1000;
const PAGE = 200;

export interface KeyValue {
  key: string;
  value: string;
}

/** A model version as MLflow's registry tells it (mlflow/protos/model_registry.proto). */
export interface MlflowVersion {
  name: string;
  version: string;
  description?: string;
  source?: string;
  run_id?: string;
  status?: string;
  tags?: KeyValue[];
}

/** A run as MLflow's tracking server tells it (mlflow/protos/service.proto). */
export interface MlflowRun {
  data?: { params?: KeyValue[]; metrics?: { key: string; value: number | string }[]; tags?: KeyValue[] };
  inputs?: { dataset_inputs?: { tags?: KeyValue[]; dataset?: { name?: string; digest?: string } }[] };
}

export interface MlflowSettings {
  /** Where the tracking server is, without `/api`. */
  url: string;
  /** Sent as a bearer token, and to that server alone. */
  token: string | undefined;
  timeoutMs: number;
}

/** MLflow's REST API, version 2.0: what an import reads. */
export class MlflowClient {
  private readonly settings: MlflowSettings;

  constructor(settings: MlflowSettings) {
    this.settings = settings;
  }

  /** Every version of a registered model. @throws ImportError */
  async versionsOf(model: string): Promise<MlflowVersion[]> {
    const versions: MlflowVersion[] = [];
    let token: string | undefined;
    for (let page = 0; page < MAX_PAGES; page++) {
      const filter = `name='${model.replaceAll("'", "''")}'`;
      const answer = await this.get('model-versions/search', { filter, max_results: String(PAGE), ...(token !== undefined && { page_token: token }) });
      versions.push(...((answer['model_versions'] as MlflowVersion[] | undefined) ?? []));
      token = answer['next_page_token'] as string | undefined;
      if (token === undefined || token === '') return versions;
    }
    throw new ImportError(`MLflow pages on after ${MAX_PAGES} pages`);
  }

  /** @throws ImportError */
  async run(id: string): Promise<MlflowRun> {
    return ((await this.get('runs/get', { run_id: id }))['run'] as MlflowRun | undefined) ?? {};
  }

  private async get(path: string, query: Record<string, string>): Promise<Record<string, unknown>> {
    const { url, token, timeoutMs } = this.settings;
    const target = `${url.replace(/\/+$/, '')}/api/2.0/mlflow/${path}?${new URLSearchParams(query).toString()}`;
    let text: string;
    let status: number;
    try {
      // A redirect would take the token elsewhere.
      const response = await fetch(target, { redirect: 'error', signal: AbortSignal.timeout(timeoutMs), headers: token === undefined ? {} : { authorization: `Bearer ${token}` } });
      status = response.status;
      text = await readBounded(response);
    } catch (error) {
      if (error instanceof ImportError) throw error;
      throw new ImportError(`MLflow does not answer ${path}: ${reasonOf(error)}`);
    }
    const body = parse(text);
    if (status === 200 && body !== undefined) return body;
    const said = typeof body?.['error_code'] === 'string' ? body['error_code'] : 'no word of MLflow’s';
    throw new ImportError(`MLflow answers ${path} with ${status}, ${said}${status === 401 || status === 403 ? ': give a token by --token-file or MLFLOW_TRACKING_TOKEN' : ''}`);
  }
}

async function readBounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > MAX_ANSWER_BYTES) throw new ImportError('MLflow’s answer is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function reasonOf(error: unknown): string {
  const { name, message, cause } = error as { name?: string; message?: string; cause?: NodeJS.ErrnoException };
  if (name === 'TimeoutError') return 'not in time';
  return cause?.code ?? cause?.message ?? message ?? 'unknown';
}
