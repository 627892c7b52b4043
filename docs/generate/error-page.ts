import { CORE_ERROR_CODES } from '../../src/core/core-error.ts';
import { DATABASE_ERROR_CODES } from '../../src/database/database-error.ts';
import { PROBLEMS, type ProblemCode } from '../../src/http/problem.ts';
import { JOURNAL_ERROR_CODES } from '../../src/vault/journal-error.ts';
import { CORE_TEXTS, DATABASE_TEXTS, FINDING_TEXTS, JOURNAL_TEXTS, PROBLEM_TEXTS, VAULT_TEXTS, type ErrorText } from './error-texts.ts';

/** docs/errors.md: every stable code with its meaning and its mend. @throws Error when a code of a catalogue has no text */
export function errorPage(): string {
  return [
    '# Errors',
    '<!-- Made by "npm run errors" from the catalogues in src/ and docs/generate/error-texts.ts. Do not edit. -->',
    'A code is stable: it never changes its meaning, and it is what programs should look at. Texts may change.',
    '## HTTP',
    'Problem details by RFC 9457, as `application/problem+json`: `{type, title, status, code, detail, errors?}`, where `type` is `urn:prediction-ledger:problem:<code>`. ' +
      '`errors` lists single places as `{at, code, detail}`: `at` is a JSON pointer, a query parameter or an offset; `code` one of [Formats](#formats), `unknown-field`, `missing-field`, `range`, ' +
      'or the keyword of JSON Schema that the place breaks. Values that were sent are never repeated. In a batch each record has its own `status` and `problem`.',
    ...Object.entries(PROBLEMS).map(([code, [status, title]]) => section(code, PROBLEM_TEXTS[code as ProblemCode], `${status}, ${title}.`)),
    '## Formats',
    'Refusals by `src/core`, which the service, the verifier and a browser share. The verifier prints them with exit code 1. Over HTTP they stand in `errors[].code`.',
    ...CORE_ERROR_CODES.map((code) => section(code, CORE_TEXTS[code])),
    '## Database',
    'Refusals at the start, and by `backup` and `restore`: one line on standard error, exit code 1 or 2.',
    ...DATABASE_ERROR_CODES.map((code) => section(code, DATABASE_TEXTS[code])),
    '## Vault',
    'What concerns the keys under which payloads are sealed: at the start a refusal, later an incident in the service’s log.',
    ...Object.entries(VAULT_TEXTS).map(([code, text]) => section(code, text)),
    '## Erasure journal',
    'What concerns the record of erasures and the exports of keys that are kept outside of the database, to be applied to one that is restored from before.',
    ...JOURNAL_ERROR_CODES.map((code) => section(code, JOURNAL_TEXTS[code])),
    '## Findings of fsck',
    '`prediction-ledger fsck` prints these besides the codes of [Formats](#formats), each with the index to look at.',
    ...Object.entries(FINDING_TEXTS).map(([code, text]) => section(code, text)),
    '## Settings, policies and keys',
    'A wrong setting, policy file, signing key or checkpoint store stops the start (a store or key stops only its log) with one line that names the variable or the file, the line in it, and the mend. These have no codes: nobody but the operator sees them. ' +
      'The settings stand in [README.md](../README.md#configuration).',
    '',
  ].join('\n\n').trimEnd() + '\n';
}

function section(code: string, text: ErrorText | undefined, title?: string): string {
  if (text === undefined) throw new Error(`${code} has no text in docs/generate/error-texts.ts: add its meaning and its mend`);
  const [meaning, mend] = text;
  return `### \`${code}\`\n\n${title === undefined ? '' : `*${title}* `}${meaning}\n\n**Mend:** ${mend}`;
}
