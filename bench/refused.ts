const ACCEPTED = 201;
const ACCEPTED_TEXT = `"status":${ACCEPTED}`;

/**
 * How many records of a request were refused with one of the statuses that may be (`allowed`). `undefined` when the
 * reply is anything else than acceptances and such refusals: the run has failed then.
 *
 * @param text of a batch, `[{status}, …]` or `{"results":[{status}, …]}`
 */
export function countRefused(status: number, text: string, records: number, allowed: readonly number[]): number | undefined {
  if (allowed.includes(status)) return records;
  if (status < 200 || status >= 300) return undefined;
  // Counting is cheaper than parsing, and nearly always enough.
  if (records === 1 || occurrences(text, ACCEPTED_TEXT) === records) return 0;
  const statuses = statusesOf(text);
  const refused = statuses.filter((each) => allowed.includes(each)).length;
  const accepted = statuses.filter((each) => each === ACCEPTED).length;
  return accepted + refused === records ? refused : undefined;
}

function statusesOf(text: string): number[] {
  const body = JSON.parse(text) as { status: number }[] | { results: { status: number }[] };
  return (Array.isArray(body) ? body : body.results).map((each) => each.status);
}

function occurrences(text: string, part: string): number {
  let count = 0;
  for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + part.length)) count += 1;
  return count;
}
