import { createHash } from 'node:crypto';
import { DATA_SET } from './bank-marketing.ts';
import type { CallModel } from './call-model.ts';
import type { Answer, LedgerClient } from './ledger-client.ts';
import { must } from './narrator.ts';
import type { DemoKeys } from './service.ts';

const JSON_TYPE = 'application/json';

/** What the model's version is made of, approved by another person than the one who registers it, and live. */
export async function registerModel(client: LedgerClient, keys: DemoKeys, path: string, version: string, model: CallModel): Promise<{ registered: Answer; approved: Answer; own: Answer }> {
  const data = { name: DATA_SET.name, version: '1', digest: `sha256:${DATA_SET.sha256}` };
  const form = {
    version,
    artifact: { digest: `sha256:${createHash('sha256').update(JSON.stringify(model.parameters)).digest('hex')}` },
    training: [data],
    evaluation: [data],
    code: { commit: 'demo' },
    framework: { name: 'ml-logistic-regression', version: '2' },
    hyperparameters: { threshold: model.threshold },
    intendedUse: 'Says whom the call centre telephones about a term deposit.',
    owner: 'term-deposits',
  };
  const registered = await client.post(`${path}/versions`, keys.registrant, JSON_TYPE, JSON.stringify(form));
  must(registered.status === 201, `the registration was answered ${registered.status}: ${registered.text}`);
  const approval = JSON.stringify({ decision: 'approve', reason: 'better than chance on clients whom it has not seen' });
  const own = await client.post(`${path}/versions/${version}/approvals`, keys.registrant, JSON_TYPE, approval);
  must(own.status === 403, `who registered the version could approve it: ${own.status}`);
  const approved = await client.post(`${path}/versions/${version}/approvals`, keys.approver, JSON_TYPE, approval);
  must(approved.status === 201, `the approval was answered ${approved.status}: ${approved.text}`);
  const live = await client.post(`${path}/versions/${version}/deployments`, keys.operator, JSON_TYPE, JSON.stringify({ deployment: 'live', reason: 'the first version' }));
  must(live.status === 201, `the deployment was answered ${live.status}: ${live.text}`);
  return { registered, approved, own };
}
