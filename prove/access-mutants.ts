/** One change of the policy compiler or of its enforcement that opens access, and must not survive the tests. */
export interface Mutant {
  readonly file: string;
  /** Occurs in the file exactly once. */
  readonly from: string;
  readonly to: string;
}

const of = (name: string, ...changes: readonly (readonly [from: string, to: string])[]): Mutant[] => changes.map(([from, to]) => ({ file: `src/access/${name}.ts`, from, to }));

/** Each opens something: what is unknown counts as true, a denial is lost, a scope or a field is wider than it says. */
export const ACCESS_MUTANTS: readonly Mutant[] = [
  ...of(
    'condition',
    ['if (truths.length === 0) return undefined;', 'if (truths.length === 0) return true;'],
    ["return truths.includes(undefined) ? undefined : true;", 'return true;'],
    ['if (truths.includes(false)) return false;', ''],
    ["if (test.operator === 'in' && list?.length === 0) return false;", "if (test.operator === 'in' && list?.length === 0) return true;"],
    ['Object.hasOwn(attributes, attribute) ? attributes[attribute] : undefined', 'attributes[attribute]'],
    ['return value === null || hasType(value, type) ? value : undefined;', 'return value;'],
    ['Number.isFinite(value) && (', '('],
    ['return value !== other;', 'return true;'],
    ["list.includes(value) === (test.operator === 'in')", 'true'],
  ),
  ...of(
    'ability',
    ["effect === 'deny' ? truth !== false : truth === true", "effect === 'deny' ? truth === true : truth === true"],
    ["effect === 'deny' ? truth !== false : truth === true", "effect === 'deny' ? truth !== false : truth !== false"],
    ["(effect === 'deny' ? 0 : 2)", "(effect === 'deny' ? 2 : 0)"],
    ["inverted: effect === 'deny',", 'inverted: false,'],
    ['...(condition !== undefined && { conditions: { effect, condition } }),', ''],
  ),
  ...of(
    'ruling',
    ["const denials = deciding.filter(({ effect }) => effect === 'deny');", 'const denials: Rule[] = [];'],
    ['return open || !final ? undefined', 'return open ? undefined'],
    ['const open = denials.length > 0 || ', 'const open = '],
    [' || !withholding.every(isUnconditional);', ';'],
    ['const taken = withholding.flatMap(({ fields }) => fields ?? []);', 'const taken: string[] = [];'],
    ['allowing.some(({ fields }) => fields === undefined)', 'true'],
  ),
  ...of(
    'role-rules',
    ['const rules = [...TWO_PEOPLE_RULES, ...role.rules];', 'const rules = [...role.rules];'],
    ["if (decider === undefined || decider.effect === 'deny') return", 'if (decider === undefined) return'],
    ['truthOf(rule) !== false', 'truthOf(rule) === true'],
    ["rule.effect === 'allow' && truthOf(rule) === true", "rule.effect === 'allow'"],
  ),
  ...of(
    'row-rules',
    ['IS ${truth})`', 'IS NOT ${truth})`'],
    ["surely(rule, 'FALSE')", "surely(rule, 'TRUE')"],
    ["].join(' AND ')", "].join(' OR ')"],
    ["settled.allowed ? 'TRUE' : 'FALSE'", "'TRUE'"],
  ),
  ...of(
    'condition-sql',
    ["ne: '<>'", "ne: 'IS DISTINCT FROM'"],
    ["if (list.length === 0) return isIn ? 'FALSE'", "if (list.length === 0) return isIn ? 'TRUE'"],
    ['other === undefined ? UNKNOWN', "other === undefined ? 'TRUE'"],
    ["if (list === undefined) return UNKNOWN;", "if (list === undefined) return 'TRUE';"],
    ["if (truth === undefined) return UNKNOWN;", "if (truth === undefined) return 'TRUE';"],
    ['if (conditions.length === 0) return UNKNOWN;', "if (conditions.length === 0) return 'TRUE';"],
  ),
  ...of(
    'visible-fields',
    ["each === joined || joined.startsWith(`${each}.`)", 'each === joined'],
    ["return deniedWithin ? 'mixed' : 'seen';", "return 'seen';"],
    ["covers(path, each)) ? 'mixed' : 'withheld'", "covers(path, each)) ? 'mixed' : 'seen'"],
    ['path.length <= other.length && path.every((part, at) => part === other[at])', 'path[0] === other[0]'],
    ['return this.allowed === undefined && this.denied.length === 0;', 'return this.allowed === undefined;'],
  ),
  ...of('compile-role', ["if (!PREDICTION_FIELDS.includes(first))", 'if (first === first.toUpperCase())']),
  ...of('compile-condition', ["blame(compilation, at, type === 'time' ?", "if (type === 'time') blame(compilation, at, type === 'time' ?"]),
  ...of('scope', ["if (model === undefined) return () => 'FALSE';", 'if (model === undefined) return rules;'], ['if (!isConfined(scope, resource)) return rules;', 'return rules;']),
];
