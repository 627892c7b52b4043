import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { startTestService, type TestService } from '../e2e/service.ts';
import { MlflowServer } from '../models/mlflow-server.ts';
import { versionForm } from '../models/version.ts';
import { runCommand, type Outcome } from './run-command.ts';

let service: TestService;
let mlflow: MlflowServer;
let folder: string;

beforeAll(async () => {
  service = await startTestService();
  mlflow = await MlflowServer.start();
  folder = await mkdtemp(join(tmpdir(), 'pl-models-'));
});
beforeEach(() => (mlflow.answer = undefined));
afterAll(async () => {
  await mlflow?.close();
  await service?.close();
  await rm(folder, { recursive: true, force: true });
});

const models = (...args: string[]): Promise<Outcome> =>
  runCommand(['models', ...args], { MLFLOW_TRACKING_TOKEN: mlflow.token, PREDICTION_LEDGER_KEY: service.keys['model-approver'] ?? '' });
const shown = async (model: string, version: string): Promise<unknown> => (await service.call('GET', `/v1/models/${model}/versions/${version}`, 'auditor')).json['facts'];

describe('models import mlflow', () => {
  test('registers every version of a model, from every page, with what its run says; and the same again changes nothing', async () => {
    const first = await models('import', 'mlflow', '--url', mlflow.url, '--model', 'churn', '--to', service.url);
    expect(first).toMatchObject({ code: 0, err: '' });
    expect(await shown('churn', '2')).toEqual({
      artifact: { digest: `sha256:${'2'.repeat(64)}`, uri: 'mlflow-artifacts:/1/run-2/artifacts/model' },
      training: [{ name: 'customers', version: '9f86d081', digest: 'mlflow:9f86d081' }],
      evaluation: [{ name: 'held-out', version: '884c7d65', digest: 'mlflow:884c7d65' }],
      code: { repository: 'https://git.example/churn', commit: '4f2a9c1d' }, hyperparameters: { max_depth: '6' }, framework: { name: 'xgboost', version: '3.0.2' }, metrics: [{ name: 'auc', value: 0.81 }],
      intendedUse: 'Ranks customers by how likely they leave.', owner: 'retention-models', importedFrom: { kind: 'mlflow', uri: mlflow.url, name: 'churn', version: '2', run: 'run-2' },
    });
    expect((await service.call('GET', '/v1/models/churn/versions', 'auditor')).json['items']).toHaveLength(3);
    expect((await models('import', 'mlflow', '--url', mlflow.url, '--model', 'churn', '--to', service.url)).out).toBe(first.out);
  });

  test('prints what it would send where no service is named', async () => {
    const { code, out } = await models('import', 'mlflow', '--url', mlflow.url, '--model', 'churn', '--only', '3', '--as', 'other', '--owner', 'others');
    expect([code, JSON.parse(out)]).toMatchObject([0, { model: 'other', version: '3', owner: 'others' }]);
  });

  test.each([
    ['a model that it does not have', ['--model', 'none'], undefined, /has no such version/],
    ['a refusal', [], { status: 403, body: '{"error_code":"PERMISSION_DENIED"}' }, /403, PERMISSION_DENIED: give a token/],
    ['what is no MLflow', [], { status: 200, body: '<html>' }, /200, no word of MLflow/],
    ['a redirect, which would take the token elsewhere', [], { status: 302, body: '' }, /does not answer/],
    ['no answer in time', ['--timeout', '1'], 'never' as const, /not in time/],
  ])('says what is wrong with %s', async (_what, more, answer, reason) => {
    mlflow.answer = answer;
    const { code, err, out } = await models('import', 'mlflow', '--url', mlflow.url, '--model', 'churn', ...more);
    expect([code, out]).toEqual([1, '']);
    expect(err).toMatch(reason);
    expect(err).not.toContain(mlflow.token);
  });
});

describe('models import ml-bom, models export', () => {
  test('take a version out and bring it back as another', async () => {
    await service.call('POST', '/v1/models/round/versions', 'model-approver', versionForm('1'));
    const { code, out } = await models('export', 'round', '1', '--to', service.url);
    expect([code, JSON.parse(out)]).toMatchObject([0, { bomFormat: 'CycloneDX', specVersion: '1.7' }]);
    await writeFile(join(folder, 'bom.json'), out);
    expect(await models('import', 'ml-bom', join(folder, 'bom.json'), '--to', service.url, '--as', 'round-2')).toMatchObject({ code: 0, err: '' });
    const { version: _version, ...facts } = versionForm('1');
    expect(await shown('round-2', '1')).toEqual({ ...facts, importedFrom: { kind: 'cyclonedx', digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) } });
  });

  test.each([
    ['a file that is not there', () => join(folder, 'none.json'), /cannot be read: ENOENT/],
    ['a file that is no JSON', async () => { await writeFile(join(folder, 'text.json'), 'text'); return join(folder, 'text.json'); }, /is not JSON/],
  ])('says what is wrong with %s', async (_what, file, reason) => {
    const { code, err } = await models('import', 'ml-bom', await file());
    expect([code, err]).toEqual([1, expect.stringMatching(reason)]);
  });
});
