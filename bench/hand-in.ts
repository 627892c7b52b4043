import { setTimeout as sleep } from 'node:timers/promises';
import { AppendError } from '../src/ledger/append-error.ts';
import type { Log } from '../src/ledger/log.ts';
import type { Appender } from '../src/predictions/appender.ts';
import { PredictionIntake, type Taken } from '../src/predictions/intake.ts';
import type { Prediction } from '../src/predictions/prediction.ts';
import { Quarantine } from '../src/predictions/quarantine.ts';
import type { Service } from '../src/service.ts';

/**
 * Hands predictions in to a service of this process: the same contract, tokens, seals, sequencer and tables as over HTTP, and
 * nothing left out but HTTP itself and the look at who asks. What is in the log already stays as it is.
 *
 * @param atOnce so many wait for their commit together
 */
export async function handIn(service: Service, log: Log, records: readonly Prediction[], atOnce: number): Promise<void> {
  const intake = new PredictionIntake(service.contracts, new Quarantine(), service.models, service.settings.limits.maxDepth);
  const by = await producerOf(service);
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let record = records[next++]; record !== undefined; record = records[next++]) {
      const taken = await patiently(() => intake.take(log, Buffer.from(JSON.stringify(record)), by));
      if (!('index' in taken)) throw new Error('a record went into quarantine');
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

/** Who holds the producer's key: what is told of a prediction is told by who handed it in. */
async function producerOf({ database }: Service): Promise<Appender> {
  const { rows: [key] } = await database.owner.query<{ principal: string }>(`select principal from api_key where role = 'producer' order by created limit 1`);
  if (key === undefined) throw new Error('nobody holds a producer’s key');
  return { principal: key.principal, rule: 'producer-appends-predictions' };
}

/** As a producer would: again, after as long as the refusal asks for. */
async function patiently(take: () => Promise<Taken>): Promise<Taken> {
  for (;;) {
    try {
      return await take();
    } catch (error) {
      if (!(error instanceof AppendError && error.code === 'queue-full')) throw error;
      await sleep(error.retryAfterMs ?? 100);
    }
  }
}
