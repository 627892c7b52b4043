import { countOf, listOf, memberOf, textCell, textsOf, wordOf } from './fact.ts';
import { column, ENTRY_COLUMNS, entryCells, isIn, type Query } from './query.ts';

/** The certificates of what was erased. */
export const ERASURES: Query = {
  name: 'erasures',
  v: 1,
  title: 'Erasure certificates',
  question: 'Which data subjects were erased, at whose request and with whose agreement, which keys were destroyed, and who was told?',
  basis: 'entries',
  columns: [
    ...ENTRY_COLUMNS, column('subject', 'text', 'opaque id that nothing leads to any more', true), column('reason', 'text', 'why', true), column('exemption', 'text', 'exemption that was relied on', true), column('requester', 'text', 'opaque id', true),
    column('approver', 'text', 'opaque id', true), column('payloads', 'number', 'payloads that went'), column('digest', 'text', 'of the list of their indices'), column('keys', 'number', 'data keys that were destroyed'), column('retained', 'number', 'payloads that a statute keeps'),
    column('recipients', 'text', 'names of recipients that are told', true), column('backupsUntil', 'time', 'when the last backup from before is gone', true),
  ],
  types: ['erasure'],
  parameters: {},
  reasons: { 'approved-by-requester': 'who asked for it also agreed to it', 'done-again': 'a restored backup had undone it, and it was done again' },
  begin: () => ({}),
  take(fact, _state, finds, asked) {
    if (!isIn(asked, fact)) return;
    const { body, v } = fact.payload;
    const indices = memberOf(body, 'indices');
    const [requester, approver] = [textCell(body, 'requester'), textCell(body, 'approver')];
    const recipients = textsOf(body, 'recipients');
    const row = finds.row({
      ...entryCells(fact), subject: textCell(body, 'subject'), reason: textCell(body, 'reason'), exemption: textCell(body, 'exemption'), requester, approver, payloads: countOf(indices, 'count'), digest: wordOf(indices, 'digest'),
      keys: listOf(body, 'keys').length, retained: countOf(memberOf(body, 'retained'), 'count'), recipients: recipients.length === 0 ? null : recipients.join(' '), backupsUntil: textCell(body, 'backupsUntil'),
    });
    if (requester !== null && requester === approver) finds.exception({ row, index: fact.index, why: 'approved-by-requester', text: `${requester} asked for it and agreed to it.` });
    if (v === 1) finds.exception({ row, index: fact.index, why: 'done-again', text: 'A restored backup had brought it back.', disposition: fact.index });
  },
};
