const FORM = /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$/;
const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/**
 * Whether a text is the one form of time in entries: RFC 3339, UTC, milliseconds (`2026-11-22T09:00:00.000Z`), a date
 * of the Gregorian calendar, no leap second. Two such texts compare in time as they compare as strings.
 */
export function isTimestamp(text: string): boolean {
  if (!FORM.test(text)) return false;
  const month = digits(text, 5);
  const day = digits(text, 8);
  return (
    day >= 1 &&
    day <= daysIn(digits(text, 0) * 100 + digits(text, 2), month) &&
    digits(text, 11) <= 23 &&
    digits(text, 14) <= 59 &&
    digits(text, 17) <= 59
  );
}

/** The number of the two digits at `start`. */
function digits(text: string, start: number): number {
  return text.charCodeAt(start) * 10 + text.charCodeAt(start + 1) - 0x30 * 11;
}

/** 0 where there is no such month. */
function daysIn(year: number, month: number): number {
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return month === 2 && leap ? 29 : (DAYS[month - 1] ?? 0);
}
