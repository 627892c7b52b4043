import { memberOf, textCell, textOf } from './fact.ts';
import { column, ENTRY_COLUMNS, entryCells, isIn, type Query } from './query.ts';
import { keyOf, noteVersion, standingOf, VERSION_TYPES, type Versions } from './version-standing.ts';

/** Every step in the life of a model's versions. */
export const MODEL_CHANGES: Query<Versions> = {
  name: 'model-changes',
  v: 1,
  title: 'Changes of models',
  question: 'Who registered, approved, rejected, withdrew and deployed each version; was the approver another than who registered it, and was nothing unapproved deployed?',
  basis: 'entries',
  columns: [
    ...ENTRY_COLUMNS, column('change', 'text', 'type of the entry'), column('model', 'text', 'model'), column('version', 'text', 'its version'), column('artifact', 'text', 'digest of what was registered', true), column('commit', 'text', 'of the code it was made from', true),
    column('deployment', 'text', 'live, shadow, canary or retired', true), column('by', 'text', 'opaque id of who did it'), column('registrant', 'text', 'opaque id of who had registered it', true), column('before', 'text', 'how the version stood before'), column('reason', 'text', 'why', true),
  ],
  types: VERSION_TYPES,
  parameters: {},
  reasons: { 'approved-by-registrant': 'it was approved by who registered it', 'deployed-unapproved': 'it was deployed live or as a canary without an approval', 'approved-unregistered': 'what was approved was never registered' },
  begin: () => ({}),
  take(fact, versions, finds, asked) {
    const { payload } = fact;
    const { body, principal: by } = payload;
    const [model = '', version = ''] = [textOf(body, 'model'), textOf(body, 'version')];
    const before = standingOf(versions, model, version, fact.time).standing;
    const registrant = versions[keyOf(model, version)]?.registrant ?? null;
    noteVersion(versions, fact);
    if (!isIn(asked, fact)) return;
    const deployment = textCell(body, 'deployment');
    const row = finds.row({
      ...entryCells(fact), change: fact.type, model, version, artifact: textCell(memberOf(body, 'artifact'), 'digest'), commit: textCell(memberOf(body, 'code'), 'commit'), deployment, by, registrant, before,
      reason: textCell(body, 'reason'),
    });
    const say = (why: string, text: string): void => finds.exception({ row, index: fact.index, why, text });
    if (fact.type === 'model-version-approved' && by === registrant) say('approved-by-registrant', `${by} registered and approved ${model} ${version}.`);
    if (fact.type === 'model-version-approved' && before === 'unknown') say('approved-unregistered', `${model} ${version} was not registered.`);
    if (fact.type === 'model-deployed' && (deployment === 'live' || deployment === 'canary') && before !== 'approved' && before !== 'retired') say('deployed-unapproved', `${model} ${version} was ${before} when it was deployed.`);
  },
};
