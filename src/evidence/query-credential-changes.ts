import { memberOf, textCell, textOf } from './fact.ts';
import { column, ENTRY_COLUMNS, entryCells, isIn, type Query } from './query.ts';

/** Every credential that was given, exchanged or taken away, and every person who came or was locked out. */
export const CREDENTIAL_CHANGES: Query = {
  name: 'credential-changes',
  v: 1,
  title: 'Grants and revocations',
  question: 'Who was given access, by whom, and who lost it; did anybody give access to themselves?',
  basis: 'entries',
  columns: [
    ...ENTRY_COLUMNS, column('change', 'text', 'type of the entry'), column('principal', 'text', 'opaque id of whose access it is', true), column('role', 'text', 'the role that was given', true),
    column('credential', 'text', 'prefix of the key or certificate, or name of the identity provider', true), column('narrowed', 'truth', 'whether it is narrowed to actions or models', true),
    column('expires', 'time', 'when it ends by itself', true), column('by', 'text', 'opaque id of who did it'), column('reason', 'text', 'why it was taken away', true),
  ],
  types: ['api-key-issued', 'api-key-rotated', 'api-key-revoked', 'person-registered', 'person-revoked'],
  parameters: {},
  reasons: { 'to-oneself': 'somebody gave a credential to themselves' },
  begin: () => ({}),
  take(fact, _state, finds, asked) {
    if (!isIn(asked, fact)) return;
    const { body, principal: by } = fact.payload;
    const principal = textCell(body, 'principal');
    const scope = memberOf(body, 'scope');
    const row = finds.row({
      ...entryCells(fact), change: fact.type, principal, role: textCell(body, 'role'), credential: textOf(body, 'prefix') ?? textCell(body, 'provider'),
      narrowed: scope === undefined ? null : JSON.stringify(scope) !== '{}', expires: textCell(body, 'expires'), by, reason: textCell(body, 'reason'),
    });
    if (fact.type === 'api-key-issued' && by === principal) finds.exception({ row, index: fact.index, why: 'to-oneself', text: `${by} gave themselves a key.` });
  },
};
