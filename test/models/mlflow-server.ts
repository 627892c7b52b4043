import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

const TOKEN = 'a-token';

/** Speaks what an import reads of MLflow's REST API: three versions, two a page, each of a run of its own. */
export class MlflowServer {
  readonly token = TOKEN;
  /** Paths that were asked for. */
  readonly asked: string[] = [];
  /** Given instead, where it is set: a status and a body; or never an answer. */
  answer: { status: number; body: string } | 'never' | undefined;
  private readonly server: Server;

  private constructor(server: Server) {
    this.server = server;
  }

  static async start(): Promise<MlflowServer> {
    const server = createServer((request, response) => {
      const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost');
      self.asked.push(pathname);
      if (self.answer === 'never') return;
      const { status, body } = self.answer ?? self.reply(request.headers.authorization, pathname, searchParams);
      response.writeHead(status, { 'content-type': 'application/json', ...(status === 302 && { location: 'http://127.0.0.1:1/' }) }).end(body);
    });
    const self = new MlflowServer(server);
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    return self;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((done) => this.server.close(done));
  }

  private reply(authorization: string | undefined, path: string, query: URLSearchParams): { status: number; body: string } {
    if (authorization !== `Bearer ${TOKEN}`) return { status: 401, body: JSON.stringify({ error_code: 'UNAUTHENTICATED', message: 'no' }) };
    if (path === '/api/2.0/mlflow/model-versions/search') {
      if (query.get('filter') !== "name='churn'") return { status: 200, body: '{}' };
      const second = query.get('page_token') === 'page-2';
      return { status: 200, body: JSON.stringify(second ? { model_versions: [version(1)] } : { model_versions: [version(3), version(2)], next_page_token: 'page-2' }) };
    }
    const run = /^run-(\d)$/.exec(query.get('run_id') ?? '')?.[1];
    if (path === '/api/2.0/mlflow/runs/get' && run !== undefined) return { status: 200, body: JSON.stringify({ run: runOf(run) }) };
    return { status: 404, body: JSON.stringify({ error_code: 'RESOURCE_DOES_NOT_EXIST', message: 'no' }) };
  }
}

function version(number: number): object {
  return {
    name: 'churn', version: String(number), creation_timestamp: '1764230400000', current_stage: 'None', description: 'Ranks customers\nby how likely they leave.', source: `mlflow-artifacts:/1/run-${number}/artifacts/model`,
    run_id: `run-${number}`, status: 'READY', tags: [{ key: 'artifact.sha256', value: String(number).repeat(64) }, { key: 'owner', value: 'retention-models' }], aliases: [],
  };
}

function runOf(number: string): object {
  return {
    info: { run_id: `run-${number}`, experiment_id: '1', status: 'FINISHED' },
    data: {
      params: [{ key: 'max_depth', value: '6' }],
      metrics: [{ key: 'auc', value: 0.81, timestamp: '1764230400000', step: '0' }, { key: 'loss', value: 'NaN' }],
      tags: [
        { key: 'mlflow.user', value: 'jane' }, { key: 'mlflow.source.git.commit', value: '4f2a9c1d' }, { key: 'mlflow.source.git.repoURL', value: 'https://git.example/churn' },
        { key: 'mlflow.log-model.history', value: JSON.stringify([{ flavors: { python_function: { python_version: '3.12' }, xgboost: { xgb_version: '3.0.2' } } }]) },
      ],
    },
    inputs: {
      dataset_inputs: [
        { tags: [{ key: 'mlflow.data.context', value: 'training' }], dataset: { name: 'customers', digest: '9f86d081', source_type: 'local', source: '{}' } },
        { tags: [{ key: 'mlflow.data.context', value: 'eval' }], dataset: { name: 'held-out', digest: '884c7d65' } },
      ],
    },
  };
}
