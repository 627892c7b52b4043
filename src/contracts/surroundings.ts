import type { Fault } from '../http/problem.ts';
import type { Prediction } from '../predictions/prediction.ts';
import { ANY } from './check-contract.ts';
import type { Classification } from './classification.ts';
import type { ContractFile } from './contract-file.ts';
import type { TreatedRecord } from './treated-record.ts';

export type SurroundingsCheck = (prediction: Prediction, record: TreatedRecord) => void;

/** W3C Trace Context: hexadecimal, nothing of a person. */
const TRACEPARENT = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;
/** ULIDs are drawn by machines. */
const ULID = /^[0-9A-HJKMNP-TV-Z]{26}$/;

/** What a contract asks of a record outside of its fields: purpose, legal basis, subject, decision, and that ids name nobody. */
export function compileSurroundings(file: ContractFile, classification: Classification): SurroundingsCheck {
  const purposes = new Set(file.purposes);
  const legalBases = new Set(file.legalBases);
  const anyPurpose = purposes.has(ANY);
  const anyLegalBasis = legalBases.has(ANY);
  return (prediction, record) => {
    const { purpose, legalBasis } = prediction;
    checkPresence(file, prediction, record.faults);
    if (purpose !== undefined) {
      if (anyPurpose) classification.name(purpose, '/purpose', record);
      else if (!purposes.has(purpose)) record.faults.push({ at: '/purpose', code: 'purpose-not-allowed', detail: `must be one of: ${file.purposes.join(', ')}` });
    }
    if (legalBasis !== undefined) {
      if (anyLegalBasis) classification.name(legalBasis, '/legalBasis', record);
      else if (!legalBases.has(legalBasis)) record.faults.push({ at: '/legalBasis', code: 'legal-basis-not-allowed', detail: `must be one of: ${file.legalBases.join(', ')}` });
    }
    lookAround(prediction, classification, record);
  };
}

function checkPresence(file: ContractFile, prediction: Prediction, faults: Fault[]): void {
  const missing = (at: string): void => {
    faults.push({ at, code: 'missing-field', detail: 'is required by the contract' });
  };
  if (file.subject === 'required' && prediction.subject === undefined) missing('/subject');
  if (file.subject === 'none' && prediction.subject !== undefined) faults.push({ at: '/subject', code: 'subject-not-allowed', detail: 'names somebody, and the contract governs records of nobody: remove it' });
  for (const word of file.require) {
    if (word !== 'reasons') {
      if (prediction[word] === undefined) missing(`/${word}`);
    } else if (prediction.decision !== undefined && (prediction.decision.reasons?.length ?? 0) === 0) missing('/decision/reasons');
  }
}

/** Ids and labels stand in lists, links and other systems, and cannot become tokens there. */
function lookAround(prediction: Prediction, classification: Classification, record: TreatedRecord): void {
  const { id, parents, trace, deployment, explanation, features } = prediction;
  const look = (value: string, at: string): void => {
    if (!ULID.test(value)) classification.identifier(value, at, record);
  };
  look(id, '/id');
  if (parents !== undefined) for (const [position, parent] of parents.entries()) look(parent, `/parents/${position}`);
  if (trace !== undefined && !TRACEPARENT.test(trace)) look(trace, '/trace');
  if (deployment !== undefined) classification.name(deployment, '/deployment', record);
  if (features !== undefined) for (const [position, { view }] of features.entries()) classification.name(view, `/features/${position}/view`, record);
  if (explanation === undefined) return;
  if (explanation.method !== undefined) classification.name(explanation.method, '/explanation/method', record);
  if (explanation.attributions !== undefined) for (const name of Object.keys(explanation.attributions)) classification.key(name, '/explanation/attributions', record);
}
