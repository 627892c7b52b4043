/**
 * What `get` gives for 0, 1, … count − 1, in that order, with up to `ahead` calls under way. The first failure ends
 * it.
 */
export async function* inOrder<T>(count: number, ahead: number, get: (i: number) => Promise<T>): AsyncGenerator<T> {
  const underWay: Promise<T>[] = [];
  const start = (i: number): void => {
    const result = get(i);
    // A failure is told when its turn comes; until then it must not count as unhandled.
    result.catch(() => undefined);
    underWay.push(result);
  };
  for (let i = 0; i < Math.min(ahead, count); i++) start(i);
  for (let next = underWay.length; underWay.length > 0; next++) {
    const result = await (underWay.shift() as Promise<T>); // length > 0
    if (next < count) start(next);
    yield result;
  }
}
