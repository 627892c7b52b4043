import { Contracts } from '../../src/contracts/contracts.ts';

/** A small contract that is right, for tests to change one place of. */
export const LOAN = `contract: loan
version: 1.2.0
description: Whether a loan is repaid.
owner: credit risk
models: [loan-model]
purposes: [credit-decision]
legalBases: [contract]
subject: required
require: [decision, reasons]
retention:
  period: P25M
  from: entry
  citation: 12 CFR 1002.12(b)(1)
erasure:
  mode: erase
unknownFields: refuse
onHit: refuse
definitions:
  known:
    source: application form
    observed: at application
    accuracy: as stated
    class: internal
inputs:
  age:
    use: known
    type: integer
    unit: years
    minimum: 18
    maximum: 120
    meaning: Age of the applicant.
    required: true
  city:
    use: known
    type: string
    maxLength: 100
    pattern: ^[A-Z][a-z]{1,30}$
    meaning: City of residence.
  email:
    use: known
    type: string
    maxLength: 254
    meaning: E-mail address.
    class: personal
    tokenization: {mode: token}
  birth:
    use: known
    type: date
    meaning: Date of birth.
    class: phi
    safeHarbor: C
    tokenization: {mode: generalize, to: year}
  jobs:
    type: array
    maxItems: 10
    meaning: Employers, the present one first.
    source: application form
    observed: at application
    accuracy: as stated
    items:
      type: object
      fields:
        months: {use: known, type: integer, unit: months, meaning: How long.}
output:
  score:
    use: known
    type: number
    unit: probability
    meaning: Probability of default.
    required: true
decision:
  outcome:
    use: known
    type: string
    enum: [accepted, declined]
    meaning: What was decided.
    required: true
  reasons:
    type: array
    source: decision engine
    observed: at the decision
    accuracy: exact
    maxItems: 5
    meaning: Why.
    items: {type: string, maxLength: 40, class: internal}
rules:
  - id: of-age
    expression: inputs.age >= 18
    message: the applicant is of age
`;

/** The contracts of policy files given by their relative paths. */
export function contractsOf(files: Record<string, string>): Contracts {
  return new Contracts({ texts: new Map(Object.entries(files)) });
}
