import { Problem, type Fault } from '../http/problem.ts';
import { detect } from './detectors.ts';

/** The form of a text that somebody writes and that stays in the log for good: a reason, a note, a citation. */
export const TEXT = { type: 'string', minLength: 1, maxLength: 300, pattern: '^[^\\u0000-\\u001f\\u007f]*$' } as const;

/**
 * Texts that stay in the log for good must name nobody.
 *
 * @throws Problem `invalid-body`
 */
export function refusePersonal(texts: Readonly<Record<string, string | undefined>>, subject: string | undefined): void {
  const errors = Object.entries(texts).flatMap(([name, text]): Fault[] => {
    if (text === undefined) return [];
    const named = subject !== undefined && text.includes(subject);
    return named || detect(text, name).length > 0 ? [{ at: `/${name}`, code: 'personal-data', detail: 'names somebody, it seems, and would stay in the log for good: say it without' }] : [];
  });
  if (errors.length > 0) throw new Problem('invalid-body', 'A text that stays in the log for good holds what looks like personal data; see errors.', { errors });
}
