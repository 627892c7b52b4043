import { textCell, textOf, wordOf } from './fact.ts';
import { column, type Query } from './query.ts';

interface Grant {
  principal: string;
  role: string | null;
  method: string;
  credential: string;
  given: number;
  at: string;
  expires: string | null;
  ended: string | null;
}

const DAY_MS = 86_400_000;

/** Who may come in, in which role and by what, as of the end of the range. */
export const ACCESS_MATRIX: Query<{ grants: Grant[] }> = {
  name: 'access-matrix',
  v: 1,
  title: 'Access matrix as of the end',
  question: 'Who had access at the end of the range, in which role, by which method of authentication, and is any key older than it may be?',
  basis: 'aggregate',
  columns: [
    column('index', 'number', 'leaf index of the entry that gave it'), column('principal', 'text', 'opaque id'), column('role', 'text', 'role of the key; null: as the identity provider says', true),
    column('method', 'text', 'api-key, certificate or identity-provider'), column('credential', 'text', 'prefix, or name of the provider'), column('given', 'time', 'since when'),
    column('expires', 'time', 'when it ends by itself', true), column('ended', 'time', 'when it was taken away', true), column('valid', 'truth', 'whether it let somebody in at the end'), column('ageDays', 'number', 'whole days since it was given'),
  ],
  types: [],
  context: ['api-key-issued', 'api-key-rotated', 'api-key-revoked', 'person-registered', 'person-revoked'],
  parameters: { maxKeyAgeDays: { type: 'integer', minimum: 1, default: 365 } },
  reasons: { 'key-too-old': 'a key that is valid is older than it may be' },
  begin: () => ({ grants: [] }),
  take(fact, { grants }) {
    const { body } = fact.payload;
    const principal = wordOf(body, 'principal');
    const prefix = wordOf(body, 'prefix');
    const give = (role: string | null, method: string, credential: string): void => {
      grants.push({ principal, role, method, credential, given: fact.index, at: fact.at, expires: textCell(body, 'expires'), ended: null });
    };
    const methodOf = (credential: string): string => (credential.startsWith('crt_') ? 'certificate' : 'api-key');
    if (fact.type === 'api-key-issued') give(textCell(body, 'role'), methodOf(prefix), prefix);
    else if (fact.type === 'person-registered') give(null, 'identity-provider', wordOf(body, 'provider'));
    else if (fact.type === 'api-key-rotated') {
      const from = grants.find(({ credential, principal: whose }) => credential === textOf(body, 'from') && whose === principal);
      give(from?.role ?? null, methodOf(prefix), prefix);
      if (from !== undefined) from.expires = textOf(body, 'until') ?? from.expires;
    } else {
      for (const grant of grants) if (grant.principal === principal && (fact.type === 'person-revoked' || grant.credential === prefix)) grant.ended ??= fact.at;
    }
  },
  finish({ grants }, finds, { asOf, parameters }) {
    for (const { principal, role, method, credential, given, at, expires, ended } of grants) {
      const valid = ended === null && (expires === null || Date.parse(expires) > asOf);
      const ageDays = Math.floor((asOf - Date.parse(at)) / DAY_MS);
      const row = finds.row({ index: given, principal, role, method, credential, given: at, expires, ended, valid, ageDays });
      const isOld = valid && method !== 'identity-provider' && ageDays > Number(parameters['maxKeyAgeDays']);
      if (isOld) finds.exception({ row, index: given, why: 'key-too-old', text: `${credential} has been valid for ${ageDays} days.` });
    }
    const valid = grants.filter(({ ended }) => ended === null).length;
    finds.total('given', { given: grants.length }, { kept: valid, taken: grants.length - valid });
  },
};
