import { describe, expect, test } from '@jest/globals';
import { AppendError } from '../../src/ledger/append-error.ts';
import { PendingQueue, QueueBudget, type Pending, type QueueLimits } from '../../src/ledger/pending-queue.ts';
import { sampleDraft, sampleSystemDraft } from './sample-draft.ts';

const WIDE: QueueLimits = { maxQueueEntries: 100_000, maxQueueBytes: 2 ** 30 };
const queueOf = (limits: Partial<QueueLimits> = {}, budget = new QueueBudget(2 ** 30)) => new PendingQueue({ ...WIDE, ...limits }, budget);

function pending(id?: string, bytes = 10): Pending {
  const changes = { sealed: Buffer.alloc(bytes) };
  return { draft: id === undefined ? sampleSystemDraft('note', changes) : sampleDraft(id, changes), resolve: () => undefined, reject: () => undefined };
}

const ids = (taken: readonly Pending[]) => taken.map(({ draft }) => draft.prediction?.id);

function refusal(action: () => void): AppendError {
  try {
    action();
  } catch (error) {
    if (error instanceof AppendError) return error;
  }
  throw new Error('not refused');
}

describe('take', () => {
  test('gives what waits in the order of arrival', () => {
    const queue = queueOf();
    for (const id of ['a', 'b', 'c']) queue.push(pending(id));
    expect(ids(queue.take())).toEqual(['a', 'b', 'c']);
    expect(queue.length).toBe(0);
    expect(queue.take()).toEqual([]);
  });

  test('takes each id once, and those that came with the same id behind it', () => {
    const queue = queueOf();
    const order = ['a', 'b', 'a', 'c', 'a', 'b', 'd'];
    for (const id of order) queue.push(pending(id));
    const taken = queue.take();
    expect(ids(taken)).toEqual(['a', 'b', 'c', 'd']);
    expect(taken.map(({ followers = [] }) => ids(followers))).toEqual([['a', 'a'], ['b'], [], []]);
    expect(queue.length).toBe(0);
  });

  test('system entries have no id, and all of them go', () => {
    const queue = queueOf();
    for (let i = 0; i < 3; i++) queue.push(pending());
    expect(queue.take()).toHaveLength(3);
  });

  test('takes at most 1,000 entries', () => {
    const queue = queueOf();
    for (let i = 0; i < 2500; i++) queue.push(pending(`p${i}`));
    const batches = [queue.take(), queue.take(), queue.take()];
    expect(batches.map((batch) => batch.length)).toEqual([1000, 1000, 500]);
    expect(ids(batches.flat())).toEqual(Array.from({ length: 2500 }, (_, i) => `p${i}`));
  });

  test('takes at most 4 MiB, but always one entry', () => {
    const queue = queueOf();
    const mebibyte = 2 ** 20;
    for (const [id, size] of [['a', 3 * mebibyte], ['b', mebibyte], ['c', 1], ['d', 5 * mebibyte], ['e', 1]] as const) queue.push(pending(id, size));
    expect(ids(queue.take())).toEqual(['a', 'b']);
    expect(ids(queue.take())).toEqual(['c']);
    expect(ids(queue.take())).toEqual(['d']);
    expect(ids(queue.take())).toEqual(['e']);
  });
});

describe('push', () => {
  test('refuses beyond the count, with a time to come back, and takes in again once there is room', () => {
    const queue = queueOf({ maxQueueEntries: 2 });
    queue.push(pending('a'));
    queue.push(pending('b'));
    const { code, retryAfterMs } = refusal(() => queue.push(pending('c')));
    expect(code).toBe('queue-full');
    expect(retryAfterMs).toBeGreaterThanOrEqual(100);
    queue.take();
    queue.push(pending('c'));
    expect(ids(queue.take())).toEqual(['c']);
  });

  test('refuses beyond the bytes, of which those that follow another are part', () => {
    const queue = queueOf({ maxQueueBytes: 100 });
    queue.push(pending('a', 40));
    queue.push(pending('a', 40));
    expect(refusal(() => queue.push(pending('b', 21))).code).toBe('queue-full');
    queue.push(pending('b', 20));
    queue.take();
    expect(refusal(() => queue.push(pending('c', 101))).code).toBe('queue-full');
    queue.push(pending('c', 100));
  });

  test('shares a budget with the other queues, and gives back what was taken', () => {
    const budget = new QueueBudget(100);
    const [one, two] = [queueOf({}, budget), queueOf({}, budget)];
    one.push(pending('a', 60));
    two.push(pending('b', 40));
    expect(refusal(() => two.push(pending('c', 1))).code).toBe('queue-full');
    expect(refusal(() => one.push(pending('c', 1))).code).toBe('queue-full');
    one.take();
    two.push(pending('c', 60));
    expect(refusal(() => one.push(pending('d', 1))).code).toBe('queue-full');
    two.take();
    one.push(pending('d', 100));
    one.take();
    two.push(pending('e', 100));
  });

  test('what one queue refuses for its own limits costs the others nothing', () => {
    const budget = new QueueBudget(100);
    const [narrow, wide] = [queueOf({ maxQueueBytes: 10 }, budget), queueOf({}, budget)];
    for (let i = 0; i < 50; i++) refusal(() => narrow.push(pending('a', 11)));
    wide.push(pending('b', 100));
  });

  test('refuses what could not be committed within a second, by what commits cost of late', () => {
    const queue = queueOf();
    queue.observe(600);
    for (let i = 0; i < 2000; i++) queue.push(pending(`p${i}`));
    const { code, retryAfterMs } = refusal(() => queue.push(pending('late')));
    expect(code).toBe('queue-full');
    expect(retryAfterMs).toBeGreaterThanOrEqual(1000);
    for (let i = 0; i < 20; i++) queue.observe(1);
    queue.push(pending('late'));
  });

  test('one slow commit keeps nobody out of an empty queue', () => {
    const queue = queueOf();
    queue.observe(30_000);
    for (let i = 0; i < 1000; i++) queue.push(pending(`p${i}`));
    expect(queue.take()).toHaveLength(1000);
  });

  test('refuses all once it is closed, and gives out what was in it', () => {
    const queue = queueOf();
    queue.push(pending('a'));
    queue.close();
    expect(refusal(() => queue.push(pending('b'))).code).toBe('shutting-down');
    expect(ids(queue.take())).toEqual(['a']);
  });
});
