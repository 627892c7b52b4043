import { ValidateBy } from 'class-validator';

const INSTANT = /^(\d{4}-\d\d-\d\d)(T\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d))?$/;

/** Without its offset, a time would be another instant on another machine; a date alone is its midnight in UTC. */
export const IsInstant = (): PropertyDecorator =>
  ValidateBy({
    name: 'isInstant',
    validator: {
      validate: (value: unknown) => typeof value === 'string' && isInstant(value),
      defaultMessage: () => 'is a date, or an RFC 3339 time with its offset (2026-11-22T09:00:00Z; a + is sent as %2B)',
    },
  });

function isInstant(text: string): boolean {
  const [, date] = INSTANT.exec(text) ?? [];
  // Date.parse moves a 30 February on to March.
  return date !== undefined && !Number.isNaN(Date.parse(text)) && new Date(`${date}T00:00:00Z`).toISOString().startsWith(date);
}
