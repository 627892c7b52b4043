import type { Fault } from '../http/problem.ts';
import { PolicyError, type PolicyFault } from '../ledger/policy-error.ts';
import type { PolicyFile } from '../ledger/policy-file.ts';
import type { Prediction } from '../predictions/prediction.ts';
import { checkContract } from './check-contract.ts';
import { Classification } from './classification.ts';
import type { ContractFile } from './contract-file.ts';
import { resolveSections, type Sections } from './field.ts';
import { compileForm, type FormCheck } from './form.ts';
import type { Judgement } from './judgement.ts';
import { compileRules, type RuleCheck } from './rules.ts';
import { compileSurroundings, type SurroundingsCheck } from './surroundings.ts';
import { TreatedRecord } from './treated-record.ts';
import { planObject, type TreatObject } from './treatment.ts';

/** What governs the records of a model: one version of one contract. */
export interface Contract {
  /** `credit-risk@1.2.0` */
  readonly id: string;
  readonly file: ContractFile;
  /** The fields with what they take over from definitions. */
  readonly sections: Sections;
  /** Where it is written, for faults that concern several contracts. */
  readonly policyFile: PolicyFile<ContractFile>;
  /**
   * Judges a record of the form of a prediction. Changes it in place when, and only when, it is accepted; then each
   * original has yet to be put. Every reason against it is given at once; rules across fields are asked of a record of
   * the right form alone. Does not throw.
   */
  judge(prediction: Prediction): Judgement;
  /**
   * Judges a record that somebody lets out of quarantine: what put it there is mended now. Fields that the contract does not
   * know are dropped with a count, and what looks like a person becomes a token; a key cannot, so such a record is refused.
   */
  judgeReleased(prediction: Prediction): Judgement;
}

/**
 * Checks and compiles a contract, all of it once.
 *
 * @throws PolicyError with every fault
 */
export function compileContract(file: PolicyFile<ContractFile>): Contract {
  const faults: PolicyFault[] = [];
  const sections = resolveSections(file, faults);
  if (faults.length === 0) checkContract(file, sections, faults);
  // Rules are compiled against fields that are right: else each fault would be said twice.
  if (faults.length > 0) throw new PolicyError(inOrder(faults));
  const checkRules = compileRules(file, sections, faults);
  if (faults.length > 0) throw new PolicyError(inOrder(faults));
  return new CompiledContract(file, sections, checkRules);
}

/** By line, each once: what is wrong in a definition is wrong in every field that uses it. */
function inOrder(faults: readonly PolicyFault[]): PolicyFault[] {
  const known = new Set<string>();
  return faults
    .filter(({ line, message }) => !known.has(`${line} ${message}`) && known.add(`${line} ${message}`))
    .sort((a, b) => a.line - b.line);
}

class CompiledContract implements Contract {
  readonly id: string;
  readonly file: ContractFile;
  readonly sections: Sections;
  readonly policyFile: PolicyFile<ContractFile>;
  private readonly checkForm: FormCheck;
  private released: Contract | undefined;
  private readonly checkRules: RuleCheck;
  private readonly checkSurroundings: SurroundingsCheck;
  private readonly treatInputs: TreatObject;
  private readonly treatOutput: TreatObject;
  private readonly treatDecision: TreatObject | undefined;
  private readonly dropsDecision: boolean;

  constructor(policyFile: PolicyFile<ContractFile>, sections: Sections, checkRules: RuleCheck, file: ContractFile = policyFile.value) {
    this.id = `${file.contract}@${file.version}`;
    this.file = file;
    this.sections = sections;
    this.policyFile = policyFile;
    this.checkForm = compileForm(file, sections);
    this.checkRules = checkRules;
    const options = { classification: new Classification(file.onHit), dropUnknown: file.unknownFields === 'drop' };
    this.checkSurroundings = compileSurroundings(file, options.classification);
    this.treatInputs = planObject(sections.inputs, options);
    this.treatOutput = planObject(sections.output, options);
    this.treatDecision = sections.decision === undefined ? undefined : planObject(sections.decision, options);
    this.dropsDecision = sections.decision === undefined && options.dropUnknown;
  }

  judge(prediction: Prediction): Judgement {
    const record = new TreatedRecord(prediction.subject !== undefined);
    const unknown: Fault[] = [];
    this.checkForm(prediction, record.faults, unknown);
    (this.file.unknownFields === 'quarantine' ? record.doubts : record.faults).push(...unknown);
    this.checkSurroundings(prediction, record);
    if (record.faults.length === 0) this.checkRules(prediction, record.faults);
    this.treat(prediction, record);
    if (record.faults.length > 0) return { verdict: 'refused', faults: [...record.faults, ...record.doubts] };
    if (record.doubts.length > 0) return { verdict: 'quarantined', faults: record.doubts, expires: this.file.quarantineExpiry ?? 'P1D' };
    return { verdict: 'accepted', handling: record.settle(), originals: record.originals, touched: record.touched };
  }

  judgeReleased(prediction: Prediction): Judgement {
    this.released ??= this.asReleased();
    return this.released.judge(prediction);
  }

  /** Made when it is first asked for: few contracts ever need it. */
  private asReleased(): Contract {
    const { unknownFields, onHit } = this.file;
    const mended = { ...(unknownFields === 'quarantine' && { unknownFields: 'drop' as const }), ...(onHit === 'quarantine' && { onHit: 'tokenize' as const }) };
    return new CompiledContract(this.policyFile, this.sections, this.checkRules, { ...this.file, ...mended });
  }

  private treat(prediction: Prediction, record: TreatedRecord): void {
    record.enter('inputs');
    this.treatInputs(prediction.inputs, '/inputs', record);
    record.enter('output');
    this.treatOutput(prediction.output, '/output', record);
    record.enter('explanation');
    this.treatInputs(prediction.explanation?.counterfactual, '/explanation/counterfactual', record);
    if (prediction.decision === undefined) return;
    record.enter('decision');
    if (this.dropsDecision) record.dropUnknown(prediction as unknown as { decision: null }, 'decision');
    else this.treatDecision?.(prediction.decision, '/decision', record);
  }
}
