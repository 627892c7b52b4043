import type { Visible, VisibleFields } from '../access/visible-fields.ts';
import type { JsonValue } from '../core/json-value.ts';

type JsonObject = { [name: string]: JsonValue };

/**
 * What a caller sees of a follow-up's body: of `outcome` what they may see of a prediction's `output`, of `decision` and
 * `changes` the same as there, and texts where they see all of the decision. Paths in `withheld` are of the follow-up.
 */
export function visibleFollowUp(fields: VisibleFields, body: JsonObject): Visible {
  if (fields.everything) return { value: body, withheld: [] };
  const withheld: string[] = [];
  const value: JsonObject = {};
  const part = (seen: JsonObject, as: string, put: (part: JsonValue) => void): void => {
    const visible = fields.of(seen);
    for (const path of visible.withheld) withheld.push(as === '' ? path : `${as}${path.slice(path.split('.')[0]?.length)}`);
    const [only] = Object.values(visible.value);
    if (only !== undefined) put(only);
  };
  for (const [name, member] of Object.entries(body)) {
    if (name === 'outcome') part({ output: member }, name, (seen) => (value[name] = seen));
    else if (name === 'decision') part({ decision: member }, name, (seen) => (value[name] = seen));
    else if (name === 'changes') {
      const visible = fields.of(member as JsonObject);
      withheld.push(...visible.withheld.map((path) => `changes.${path}`));
      value[name] = visible.value;
    } else if ((name === 'reason' || name === 'source') && !fields.sees(['decision'])) withheld.push(name);
    else value[name] = member;
  }
  return { value, withheld };
}
