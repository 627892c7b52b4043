import { join } from 'node:path';
import { runCommand } from './child-processes.ts';
import { LedgerClient } from './ledger-client.ts';
import { freePort, LedgerService } from './ledger-service.ts';
import { mustHold, type Figures, type Proof, type ProofContext } from './proof.ts';

/** How much slower one of the two may seem by chance: in standard errors; more is one chance in a million. */
const MAX_DEVIATION = 4.9;

/** Whether an id of another tenant's can be told from one that nobody has by how long the answer takes. */
export const guessing: Proof = {
  name: 'guessing',
  claim: 'A tenant that asks for ids of another tenant cannot tell by the time of the answers that they are there: they take as long as those of ids that nobody has.',
  async run(context) {
    await context.step('times', () => measure(context));
  },
};

async function measure({ small, folder }: ProofContext): Promise<Figures> {
  const [ids, rounds] = small ? [200, 300] : [5000, 6000];
  const service = new LedgerService({ dataDir: join(folder, 'data'), port: await freePort(), env: { PUBLISH_INTERVAL_MS: '60000' } });
  service.start();
  await service.ready();
  await new LedgerClient(service.url, await service.key('producer')).postMany(Array.from({ length: ids }, (_, i) => `theirs-${i}`));
  await service.stop();
  const made = await runCommand(['tenant', 'create', 'curious'], service.environment);
  mustHold(made.code === 0, `a tenant cannot be made: ${made.stderr}`);
  const { auditor } = JSON.parse(/\{[\s\S]*\}/.exec(made.stdout)?.[0] ?? '{}') as { auditor?: string };
  service.start();
  await service.ready();
  try {
    const there: number[] = [];
    const absent: number[] = [];
    for (let i = -200; i < rounds; i++) {
      const id = Math.floor(Math.random() * ids);
      // In an order that is drawn each time: what the first leaves warm must not be the difference.
      const order = Math.random() < 0.5 ? (['theirs', 'nobody'] as const) : (['nobody', 'theirs'] as const);
      for (const whose of order) {
        const took = await timeOf(`${service.url}/v1/predictions/${whose}-${id}`, auditor ?? '');
        if (i >= 0) (whose === 'theirs' ? there : absent).push(took);
      }
    }
    const deviation = deviationOf(there, absent);
    mustHold(Math.abs(deviation) < MAX_DEVIATION, `the two differ by ${deviation.toFixed(1)} standard errors`);
    return { requests: 2 * rounds, 'median there, µs': median(there), 'median absent, µs': median(absent), 'standard errors between': deviation.toFixed(2) };
  } finally {
    await service.stop();
  }
}

/** In ms. */
async function timeOf(url: string, key: string): Promise<number> {
  const began = performance.now();
  const response = await fetch(url, { headers: { authorization: `Bearer ${key}` } });
  await response.arrayBuffer();
  const took = performance.now() - began;
  mustHold(response.status === 404, `what another tenant has, or nobody, is answered with ${response.status}`);
  return took;
}

function median(times: readonly number[]): number {
  return Math.round(([...times].sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0) * 1000);
}

/** Between the means of the quicker nine tenths of each: a pause of the machine says nothing of the look-up. */
function deviationOf(a: readonly number[], b: readonly number[]): number {
  const [x, y] = [a, b].map((times) => {
    const kept = [...times].sort((p, q) => p - q).slice(0, Math.ceil(times.length * 0.9));
    const mean = kept.reduce((sum, time) => sum + time, 0) / kept.length;
    return { mean, error: kept.reduce((sum, time) => sum + (time - mean) ** 2, 0) / (kept.length - 1) / kept.length };
  }) as [{ mean: number; error: number }, { mean: number; error: number }];
  return (x.mean - y.mean) / Math.sqrt(x.error + y.error);
}
