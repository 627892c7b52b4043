import formats from 'ajv-formats';
import { OwnSchemas } from '../http/own-schemas.ts';

const ajv = new OwnSchemas({ allErrors: false });
formats.default(ajv, ['date-time']);
const isDateTimeByFormat = ajv.compile<string>({ type: 'string', format: 'date-time' });

// What programs write: 0 stands for any digit.
const IN_SECONDS = '0000-00-00T00:00:00Z';
const IN_MILLISECONDS = '0000-00-00T00:00:00.000Z';
const DIGIT_0 = 0x30;

/**
 * JSON Schema's format `date-time` (RFC 3339, section 5.6), exactly as ajv-formats has it. The two usual spellings are read
 * without its regular expressions, which cost as much as the rest of a prediction's form; whatever else, and what could be
 * wrong (a 29th, a leap second), is for ajv-formats to decide.
 */
export function isDateTime(text: string): boolean {
  return isUsual(text, text.length === IN_SECONDS.length ? IN_SECONDS : IN_MILLISECONDS) || isDateTimeByFormat(text);
}

function isUsual(text: string, form: string): boolean {
  if (text.length !== form.length) return false;
  for (let i = 0; i < form.length; i++) {
    const code = text.charCodeAt(i);
    const wanted = form.charCodeAt(i);
    if (wanted === DIGIT_0 ? code < DIGIT_0 || code > DIGIT_0 + 9 : code !== wanted) return false;
  }
  const [month, day] = [twoDigits(text, 5), twoDigits(text, 8)];
  return month >= 1 && month <= 12 && day >= 1 && day <= 28 && twoDigits(text, 11) < 24 && twoDigits(text, 14) < 60 && twoDigits(text, 17) < 60;
}

function twoDigits(text: string, at: number): number {
  return (text.charCodeAt(at) - DIGIT_0) * 10 + text.charCodeAt(at + 1) - DIGIT_0;
}
