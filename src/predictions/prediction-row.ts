import type { JsonValue } from '../core/json-value.ts';
import { exceptionBits, type ExceptionWord } from './exception-words.ts';
import { linksOf } from './links.ts';
import type { Prediction } from './prediction.ts';

/** A prediction's row of the read model, beside its place and time, as its payload has it. */
export interface PredictionRow {
  id: string;
  model: string;
  version: string;
  deployment: string | null;
  outcome: string | null;
  principal: string;
  /** Bits of `exception-words.ts`; null where nothing was out of order. */
  exceptions: number | null;
  /** By what it hangs together with others. */
  request: string | null;
  parents: string[] | null;
  features: string[] | null;
  /** `name@version` of the contract that governs it. */
  contract: string | null;
  purpose: string | null;
}

/** @param body of a payload of type `prediction`, of any version */
export function predictionRow(body: JsonValue, principal: string, contract: string | null): PredictionRow {
  const prediction = body as unknown as Prediction & { exceptions?: ExceptionWord[] };
  const { id, model, version, deployment = null, decision, exceptions = [], purpose = null } = prediction;
  const { request = null, parents = null, features = null } = linksOf(prediction);
  return {
    id, model, version, deployment, outcome: decision?.outcome ?? null, principal, exceptions: exceptionBits(exceptions) ?? null,
    request, parents: parents && [...parents], features: features && [...features], contract, purpose,
  };
}
