import { randomInt } from 'node:crypto';

/** A person of a hospital, made up: every value is drawn so that it is hardly anywhere by chance. */
export interface Patient {
  reference: string;
  name: string;
  email: string;
  ssn: string;
  mrn: string;
  birthDate: string;
  address: string;
  phone: string;
}

const SYLLABLES = ['bra', 'zor', 'quil', 'vex', 'tham', 'wyn', 'dro', 'kesh', 'plo', 'murn', 'jaf', 'xil', 'gorm', 'nuv', 'ceth', 'yab'];

export function drawPatient(): Patient {
  const word = (): string => capital(Array.from({ length: 4 }, () => SYLLABLES[randomInt(SYLLABLES.length)]).join(''));
  const digits = (count: number): string => Array.from({ length: count }, () => randomInt(10)).join('');
  const [first, last] = [word(), word()];
  const birthDate = new Date(Date.UTC(1930 + randomInt(70), randomInt(12), 1 + randomInt(28))).toISOString().slice(0, 10);
  return {
    reference: `patient-${word()}-${digits(6)}`,
    name: `${first} ${last}`,
    email: `${first}.${last}@mail.example`.toLowerCase(),
    ssn: `${100 + randomInt(500)}-${10 + randomInt(89)}-${1000 + randomInt(8999)}`,
    mrn: `MR-${digits(9)}`,
    birthDate,
    address: `${randomInt(9000) + 10} ${last} Avenue, ${word()}`,
    phone: `+1 ${200 + randomInt(700)} 555 ${digits(4)}`,
  };
}

/** Everything about a patient that must be found nowhere. */
export function secretsOf({ reference, name, email, ssn, mrn, birthDate, address, phone }: Patient): string[] {
  return [reference, name, email, ssn, mrn, birthDate, address, phone];
}

/** A record for the shipped clinical contract, or for a model that no contract governs: free text hides some of the values. */
export function recordOf(id: string, patient: Patient, governed: boolean): Record<string, unknown> {
  const { reference, name, email, ssn, mrn, birthDate, address, phone } = patient;
  const note = `${name}, born ${birthDate}, MRN ${mrn}, SSN ${ssn}, lives at ${address}; call ${phone} or write to ${email}.`;
  const decision = { outcome: 'follow-up', threshold: 0.5, reasons: ['priorAdmissions'], automated: false };
  const common = { id, version: '1.0.0', subject: reference, decision };
  if (!governed) return { ...common, model: 'triage', inputs: { name, email, ssn, mrn, birthDate, address, nested: { note: [note] } }, output: { label: `call ${name}` } };
  return {
    ...common,
    model: 'readmission-risk', time: new Date().toISOString(), purpose: 'treatment', legalBasis: 'vital-interests',
    inputs: {
      mrn, patientName: name, phone, birthDate, age: 71, zip: '10025', admitted: '2026-11-01', discharged: '2026-11-09', lengthOfStay: 8,
      priorAdmissions: 2, diagnoses: ['I50.9'], note,
    },
    output: { score: 0.71, band: 'high' },
    explanation: { method: 'shap', attributions: { priorAdmissions: 0.31 } },
  };
}

function capital(word: string): string {
  return `${word.slice(0, 1).toUpperCase()}${word.slice(1)}`;
}
