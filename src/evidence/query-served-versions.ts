import { textCell, textOf, textsOf, type ReadFact } from './fact.ts';
import { column, ENTRY_COLUMNS, entryCells, isIn, type Asked, type Query } from './query.ts';
import { standingOf, noteVersion, VERSION_TYPES, type Versions } from './version-standing.ts';

/** Every prediction, and how its model version stood when it was taken in: the join that a change control is tested by. */
export const SERVED_VERSIONS: Query<Versions> = {
  name: 'served-versions',
  v: 1,
  title: 'Predictions and the approval of their versions',
  question: 'Was every prediction served by a version that had been approved by then, and not withdrawn or retired?',
  basis: 'entries',
  columns: [
    ...ENTRY_COLUMNS, column('model', 'text', 'model'), column('version', 'text', 'its version'), column('deployment', 'text', 'where it ran, as the producer says', true), column('producer', 'text', 'opaque id of who handed it in'),
    column('standing', 'text', 'approved, registered, rejected, withdrawn, retired or unknown'), column('approval', 'number', 'leaf index of the approval that held', true),
  ],
  types: ['prediction'],
  context: VERSION_TYPES,
  parameters: {},
  reasons: {
    'unknown-version': 'the version was never registered',
    'unapproved-version': 'the version was registered, and nobody had approved it',
    'rejected-version': 'the version had been rejected',
    'withdrawn-version': 'its approval had been withdrawn',
    'retired-version': 'it had been taken out of service',
    'recorded-otherwise': 'what was recorded when it was taken in is not what the entries before it say',
  },
  begin: () => ({}),
  take(fact, versions, finds, asked) {
    if (fact.type !== 'prediction') {
      noteVersion(versions, fact);
      return;
    }
    if (!isIn(asked, fact)) return;
    const { body, principal } = fact.payload;
    const [model = '', version = ''] = [textOf(body, 'model'), textOf(body, 'version')];
    const { standing, approval } = standingIn(versions, asked, fact, { model, version });
    const row = finds.row({ ...entryCells(fact), model, version, deployment: textCell(body, 'deployment'), producer: principal, standing, approval });
    const why = standing === 'registered' ? 'unapproved-version' : `${standing}-version`;
    if (standing !== 'approved') finds.exception({ row, index: fact.index, why, text: `${model} ${version} was ${standing} when it served this.` });
    const recorded = textsOf(body, 'exceptions').filter((word) => word.endsWith('-version'));
    const isAgreed = standing === 'approved' ? recorded.length === 0 : recorded.includes(why);
    if (fact.payload.v >= 3 && !isAgreed) finds.exception({ row, index: fact.index, why: 'recorded-otherwise', text: `When it was taken in, it was recorded as ${recorded.join(', ') || 'in order'}.` });
  },
};

/** In a log that succeeds another, a version may have been approved in that one: what was recorded at intake says so. */
function standingIn(versions: Versions, { succeeds }: Asked, { time, payload }: ReadFact, { model, version }: { model: string; version: string }): ReturnType<typeof standingOf> {
  const found = standingOf(versions, model, version, time);
  if (found.standing !== 'unknown' || !succeeds || payload.v < 3) return found;
  const words = textsOf(payload.body, 'exceptions');
  if (words.includes('unapproved-version')) return { standing: 'registered', approval: null };
  const standing = (['unknown', 'rejected', 'withdrawn', 'retired'] as const).find((each) => words.includes(`${each}-version`)) ?? 'approved';
  return { standing, approval: null };
}
