import type { Caller } from '../access/caller.ts';
import type { AttributesOf } from '../access/catalogue.ts';
import type { Prediction } from './prediction.ts';

/** Who hands predictions in. */
export interface Appender {
  /** Opaque id. */
  readonly principal: string;
  /** The rule that lets them; where it has conditions, what finds it for one prediction and the contract that governs it, or throws Problem `forbidden`. */
  readonly rule: string | ((prediction: Prediction, contract: string | undefined) => string);
}

/** The rule that lets somebody hand one prediction in. @throws Problem `forbidden` */
export function ruleFor({ rule }: Appender, prediction: Prediction, contract: string | undefined): string {
  return typeof rule === 'string' ? rule : rule(prediction, contract);
}

/** A caller as one who hands predictions in. What was settled at the start costs nothing more here. */
export function appenderOf(caller: Caller): Appender {
  if (caller.decided) return caller;
  const decide = caller.decideLater();
  return { principal: caller.principal, rule: (prediction, contract) => decide({ ...attributesOf(prediction, contract, caller.classes), own: true }).rule };
}

/**
 * What rules may look at of a prediction. What of it is optional and not there is known to be absent.
 *
 * @param contract what governs it, `name@version`
 * @param classes the most guarded class of data of each contract
 */
export function attributesOf({ model, version, purpose, deployment, decision }: Prediction, contract: string | null | undefined, classes: ReadonlyMap<string, string>): AttributesOf<'prediction'> {
  return { model, version, class: classes.get(contract ?? '') ?? null, purpose: purpose ?? null, deployment: deployment ?? null, outcome: decision?.outcome ?? null };
}
