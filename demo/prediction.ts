import type { Client, ClientInputs } from './bank-marketing.ts';
import { round, type CallModel } from './call-model.ts';

/** A prediction as it is posted: the shape of `POST /v1/predictions`. */
export interface Prediction {
  id: string;
  model: string;
  version: string;
  subject: string;
  time: string;
  inputs: ClientInputs;
  output: { score: number; label: 'subscribe' | 'decline' };
  decision: { outcome: 'call' | 'do-not-call'; threshold: number; reasons: string[]; automated: true };
  explanation: { method: string; attributions: Record<string, number> };
  purpose: string;
  legalBasis: string;
}

const REASONS = 3;
export const MODEL = 'term-deposit-calls';
export const VERSION = '1.0.0';

/** Scores one client and decides. The decision follows the rounded score, which is the one that is recorded. */
export function predict(model: CallModel, client: Client, time: string): Prediction {
  const { score: exact, base, attributions } = model.explain(client.inputs);
  const score = round(exact, 4);
  const call = score >= model.threshold;
  const strongestFirst = Object.entries(attributions)
    .map(([field, part]): [string, number] => [field, round(part, 4)])
    .toSorted(([, a], [, b]) => Math.abs(b) - Math.abs(a));
  return {
    id: `call-${String(client.row).padStart(5, '0')}`,
    model: MODEL,
    version: VERSION,
    subject: `client-${client.row}`,
    time,
    inputs: client.inputs,
    output: { score, label: score >= 0.5 ? 'subscribe' : 'decline' },
    decision: {
      outcome: call ? 'call' : 'do-not-call',
      threshold: model.threshold,
      reasons: strongestFirst
        .filter(([, part]) => part !== 0 && part > 0 === call)
        .slice(0, REASONS)
        .map(([field]) => field),
      automated: true,
    },
    explanation: {
      method: 'linear',
      attributions: { intercept: round(base, 4), ...Object.fromEntries(strongestFirst) },
    },
    purpose: 'term-deposit-offer',
    legalBasis: 'legitimate-interest',
  };
}
