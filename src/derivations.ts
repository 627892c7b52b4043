import { deriveCredentials } from './access/derive-credentials.ts';
import { deriveDisclosures } from './access/derive-disclosures.ts';
import { deriveActivations } from './ledger/derive-activations.ts';
import type { Derivation } from './ledger/derivation.ts';
import type { ErasedDerivation } from './ledger/derive-erased.ts';
import { deriveRecoveries } from './ledger/derive-recoveries.ts';
import { deriveTotals } from './ledger/derive-totals.ts';
import { deriveModels } from './models/derive-models.ts';
import { deriveFollowUps } from './predictions/derive-follow-ups.ts';
import { derivePredictions } from './predictions/derive-predictions.ts';
import { deriveQuarantine } from './predictions/derive-quarantine.ts';
import { deriveRequests } from './retention/derive-requests.ts';

/**
 * How every read model follows from entries: what `prediction-ledger rebuild` makes, and what a table that is none of these
 * must answer for (`test/house/read-models.test.ts`).
 */
export function derivations(erased: ErasedDerivation): Derivation[] {
  return [erased, deriveTotals, deriveActivations, deriveRecoveries, derivePredictions, deriveFollowUps, deriveQuarantine, deriveModels, deriveRequests, deriveCredentials, deriveDisclosures];
}
