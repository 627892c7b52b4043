import { createHash } from 'node:crypto';
import { predictionTemplate } from '../prediction-template.ts';

type Keys = Record<string, string>;

/** Registers, approves and deploys the version whose predictions the bench posts, by two people's keys, as its users would. */
export async function approveVersion(url: string, keys: Keys): Promise<void> {
  const { model, version } = JSON.parse(predictionTemplate(new Date(0)).bytes.toString()) as { model: string; version: string };
  const post = async (path: string, by: string, body: object): Promise<void> => {
    const response = await fetch(`${url}/v1/models/${model}/versions${path}`, {
      method: 'POST', headers: { authorization: `Bearer ${keys[by]}`, 'content-type': 'application/json' }, body: JSON.stringify(body),
    });
    // A log that a bench keeps has it from an earlier run.
    if (!response.ok && response.status !== 409) throw new Error(`the bench's version was refused: ${await response.text()}`);
  };
  await post('', 'model-approver', {
    version, artifact: { digest: `sha256:${createHash('sha256').update(model).digest('hex')}` }, training: [], evaluation: [],
    code: { commit: '0000000' }, intendedUse: 'To be measured.', owner: 'the bench',
  });
  await post(`/${version}/approvals`, 'model-approver-2', { decision: 'approve', reason: 'The bench measures what is usual.' });
  await post(`/${version}/deployments`, 'operator', { deployment: 'live', reason: 'The bench measures what is usual.' });
}
