/** One change of the policy compiler or of what enforces it that opens access, and must not survive the tests. */
export interface Mutant {
  readonly file: string;
  /** Occurs in the file exactly once. */
  readonly from: string;
  readonly to: string;
  /** The tests that have to notice, those that mostly do first. */
  readonly tests: readonly string[];
}

type Changes = readonly (readonly [from: string, to: string])[];

const unit = (...names: string[]): string[] => names.map((name) => `test/access/${name}.test.ts`);
/** A PostgreSQL for each mutant would take most of the time. */
export const NEED_NO_DATABASE: ReadonlySet<string> = new Set(unit('known-credentials', 'compile-condition', 'casl-traps', 'rulings', 'visible-fields', 'roles', 'access-guard', 'undecided', 'verify-token', 'declared-routes'));
const RULES = unit('casl-traps', 'compile-condition', 'visible-fields', 'access-guard', 'rulings', 'roles', 'several-roles', 'row-rules');
const ROWS = unit('casl-traps', 'row-rules');
const ENFORCEMENT = [...unit('access-guard', 'undecided', 'access-trail'), 'test/e2e/keys.test.ts'];
const CREDENTIALS = unit('known-credentials', 'verify-token', 'authenticator');

const within = (tests: readonly string[]) => (file: string, ...changes: Changes): Mutant[] => changes.map(([from, to]) => ({ file, from, to, tests }));
const inAccess = (tests: readonly string[]) => (name: string, ...changes: Changes): Mutant[] => within(tests)(`src/access/${name}.ts`, ...changes);
const rules = inAccess(RULES);
const rows = inAccess(ROWS);
const enforcement = inAccess(ENFORCEMENT);
const credentials = inAccess(CREDENTIALS);
const wall = within(unit('wall'));

/** Each opens something: what is unknown counts as true, a denial is lost, a scope or a field is wider than it says, a guard looks away. */
export const ACCESS_MUTANTS: readonly Mutant[] = [
  ...rules(
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
    ["if (value === undefined || value === null || list === undefined) return undefined;", "if (value === undefined || value === null || list === undefined) return true;"],
    ["value === undefined || value === null || other === undefined ? undefined", "value === undefined || value === null || other === undefined ? true"],
    ["return value === undefined ? undefined : (value === null)", "return value === undefined ? true : (value === null)"],
    ['return value === other;', 'return true;'],
    ['return value < other;', 'return value <= other;'],
    ['return value > other;', 'return value >= other;'],
    ['return truth === undefined ? undefined : !truth;', 'return !truth;'],
  ),
  ...rules(
    'ability',
    ["effect === 'deny' ? truth !== false : truth === true", "effect === 'deny' ? truth === true : truth === true"],
    ["effect === 'deny' ? truth !== false : truth === true", "effect === 'deny' ? truth !== false : truth !== false"],
    ["(effect === 'deny' ? 0 : 2)", "(effect === 'deny' ? 2 : 0)"],
    ["inverted: effect === 'deny',", 'inverted: false,'],
    ['...(condition !== undefined && { conditions: { effect, condition } }),', ''],
  ),
  ...rules(
    'ruling',
    ["const denials = deciding.filter(({ effect }) => effect === 'deny');", 'const denials: Rule[] = [];'],
    ['return open || !final ? undefined', 'return open ? undefined'],
    ['const open = denials.length > 0 || ', 'const open = '],
    [' || !withholding.every(isUnconditional);', ';'],
    ['const taken = withholding.flatMap(({ fields }) => fields ?? []);', 'const taken: string[] = [];'],
    ['allowing.some(({ fields }) => fields === undefined)', 'true'],
    ['allowed: false, rule, fields: VisibleFields.none', 'allowed: false, rule, fields: VisibleFields.all'],
    ["effect === 'deny' && fields !== undefined);", "effect === 'deny' && fields !== undefined && about.length > 1e6);"],
    ['if (allowances.length === 0) return denied(matter);', 'if (allowances.length === 0) return allowed(matter, [], []);'],
    ['actions.includes(matter.action) && resources.includes(matter.resource)', 'actions.includes(matter.action)'],
    ['actions.includes(matter.action) && resources.includes(matter.resource)', 'resources.includes(matter.resource)'],
  ),
  ...rules(
    'role-rules',
    ['const rules = [...TWO_PEOPLE_RULES, ...role.rules];', 'const rules = [...role.rules];'],
    ["if (decider === undefined || decider.effect === 'deny') return", 'if (decider === undefined) return'],
    ['truthOf(rule) !== false', 'truthOf(rule) === true'],
    ["rule.effect === 'allow' && truthOf(rule) === true", "rule.effect === 'allow'"],
  ),
  ...rules(
    'roles',
    ['if (roles.length !== parts.length) return undefined;', ''],
    ['if (RESERVED_IDS.includes(id)) return', 'if (id === id.toUpperCase()) return'],
    ['return other === undefined ? []', 'return true ? []'],
    ['if (faults.length > 0) throw new PolicyError(faults);\n    this.roles.set', 'this.roles.set'],
    ['if (!(error instanceof PolicyError)) throw error;\n    faults.push(...error.faults);', ''],
    ['if (!bundle.texts.has(path)) faults.push', 'if (path === undefined) faults.push'],
  ),
  ...rules(
    'several-roles',
    ['condition: rule.condition && asked(rule.condition, name)', 'condition: undefined'],
    ['{ all: condition.all.map((each) => asked(each, role)) }', '{ any: condition.all.map((each) => asked(each, role)) }'],
    ["return isRole ? ({ ...condition, operand: { value: role } } as Condition) : condition;", 'return condition;'],
  ),
  ...rules(
    'variable',
    ["return Array.isArray(value) && value.every((each) => typeof each === 'string') ? value : undefined;", 'return value ?? [];'],
    ["return typeof value === 'string' ? value : undefined;", "return typeof value === 'string' ? value : '';"],
  ),
  ...rows(
    'row-rules',
    ['IS ${truth})`', 'IS NOT ${truth})`'],
    ["surely(rule, 'FALSE')", "surely(rule, 'TRUE')"],
    ["].join(' AND ')", "].join(' OR ')"],
    ["settled.allowed ? 'TRUE' : 'FALSE'", "'TRUE'"],
    ["allowances.length === 0 ? 'FALSE'", "allowances.length === 0 ? 'TRUE'"],
    ["(rule.condition === undefined ? 'FALSE'", "(rule.condition === undefined ? 'TRUE'"],
    ["deciding.filter(({ effect }) => effect === 'deny').map", 'deciding.slice(0, 0).map'],
  ),
  ...rows(
    'condition-sql',
    ["ne: '<>'", "ne: 'IS DISTINCT FROM'"],
    ["if (list.length === 0) return isIn ? 'FALSE'", "if (list.length === 0) return isIn ? 'TRUE'"],
    ['other === undefined ? UNKNOWN', "other === undefined ? 'TRUE'"],
    ["if (list === undefined) return UNKNOWN;", "if (list === undefined) return 'TRUE';"],
    ["if (truth === undefined) return UNKNOWN;", "if (truth === undefined) return 'TRUE';"],
    ['if (conditions.length === 0) return UNKNOWN;', "if (conditions.length === 0) return 'TRUE';"],
    ["joined(condition.all, ' AND '", "joined(condition.all, ' OR '"],
    ['Object.hasOwn(target.columns, condition.attribute) ? target.columns[condition.attribute] : undefined', 'undefined as ColumnOf | undefined'],
    ["lt: '<',", "lt: '<=',"],
    ["gt: '>',", "gt: '>=',"],
    ['`(${value}) <> ALL(${values})`', '`(${value}) <> ANY(${values})`'],
    ['`(${conditions.map((each) => `(${compileCondition(each, target, bind)})`).join(operator)})`', '`${conditions.map((each) => compileCondition(each, target, bind)).join(operator)}`'],
    ["test.operator === 'absent' ? 'NULL' : 'NOT NULL'", "test.operator === 'absent' ? 'NOT NULL' : 'NULL'"],
  ),
  ...rules(
    'visible-fields',
    ["each === joined || joined.startsWith(`${each}.`)", 'each === joined'],
    ["return deniedWithin ? 'mixed' : 'seen';", "return 'seen';"],
    ["covers(path, each)) ? 'mixed' : 'withheld'", "covers(path, each)) ? 'mixed' : 'seen'"],
    ['path.length <= other.length && path.every((part, at) => part === other[at])', 'path[0] === other[0]'],
    ['return this.allowed === undefined && this.denied.length === 0;', 'return this.allowed === undefined;'],
    ["if (typeof value === 'object' && value !== null) return this.object(value, path, withheld);\n    withheld.add(path.join('.'));\n    return null;", 'return value;'],
  ),
  ...rules(
    'compile-role',
    ['if (!PREDICTION_FIELDS.includes(first))', 'if (first === first.toUpperCase())'],
    ['return { id, effect, actions, resources, fields, condition, reason,', 'return { id, effect, actions, resources, fields, condition: undefined, reason,'],
    ['return { id, effect, actions, resources, fields, condition, reason,', 'return { id, effect, actions, resources, fields: undefined, condition, reason,'],
    ["return { id, effect, actions, resources, fields, condition, reason,", "return { id, effect: 'allow', actions, resources, fields, condition, reason,"],
    ['checkPairs(file, rule, at, faults);', ''],
    ['checkFields(file, rule, at, faults);', ''],
    ['if (faults.length > 0) throw new PolicyError(faults);', ''],
    ["operator: 'eq', operand: { variable: '$principal.id' }", "operator: 'ne', operand: { variable: '$principal.id' }"],
  ),
  ...rules(
    'compile-condition',
    ["blame(compilation, at, type === 'time' ?", "if (type === 'time') blame(compilation, at, type === 'time' ?"],
    ["return name === 'all' ? { all: conditions } : { any: conditions };", 'return { any: conditions };'],
    ['only !== undefined && others.length === 0 ? only : { all: conditions }', 'only !== undefined && others.length === 0 ? only : { any: conditions }'],
    ["if (type === undefined) blame(compilation, at, `is no attribute", "if (type === 'truth') blame(compilation, at, `is no attribute"],
    ["if (VARIABLES[value].type !== type) blame", "if (value === undefined) blame"],
    ["if (typeof value === 'string' && value.startsWith('$')) blame", "if (typeof value === 'number') blame"],
    ['!midnight.toISOString().startsWith(date)', 'false'],
    ['if (!TIME.test(text)) return undefined;', ''],
  ),
  ...rules(
    'catalogue',
    ["  ['approve', 'request'],\n", ''],
    ["  ['approve', 'model-version'],\n", ''],
    ["  ['approve', 'policy'],\n", ''],
    ["  ['review', 'break-glass'],\n", ''],
    ['if (Object.hasOwn(own, name)) return own[name];', 'if (name in own) return own[name];'],
  ),
  ...enforcement(
    'catalogue',
    ["  ['replay', 'prediction'],\n", ''],
    ["  ['report', 'subject'],\n", ''],
    ["  ['detokenize', 'token'],\n", ''],
    ["  ['download', 'evidence'],\n", ''],
  ),
  ...rules(
    'scope',
    ["if (model === undefined) return () => 'FALSE';", 'if (model === undefined) return rules;'],
    ['if (!isConfined(scope, resource)) return rules;', 'return rules;'],
    ['return actions === undefined || actions.includes(action);', 'return true;'],
    ["return models !== undefined && 'model' in CATALOGUE[resource].attributes;", 'return false;'],
    ["(typeof model === 'string' && scope.models?.includes(model) === true)", "(typeof model !== 'string' || scope.models?.includes(model) === true)"],
    ['::text[])) IS TRUE)`', '::text[])) IS NOT FALSE)`'],
  ),
  ...enforcement(
    'access.guard',
    ["if (declared === undefined) throw new Problem('forbidden', 'The route declares no action.');", "if (declared === undefined) return 'public';"],
    ["Reflect.getMetadata(PUBLIC, handler) === true ? 'public'", "Reflect.getMetadata(PUBLIC, handler) !== true ? 'public'"],
    ["if (declared === 'public') return true;", 'return true;'],
    ['decision?.allowed === false ? this.inAnotherRole(', 'decision?.allowed === false && log === undefined ? this.inAnotherRole('],
    ["const isBarred = !hasAction(principal, action) || ", 'const isBarred = '],
    [' || (isConfined(principal, resource) && !each);', ';'],
    ['if (each && settled?.allowed === true && isConfined(principal, resource)) return undefined;', ''],
    ['if (decision?.allowed !== false) return new Caller(acting,', 'return new Caller(acting,'],
  ),
  ...enforcement('principal', ['.filter(({ until }) => until > now)', '']),
  ...enforcement(
    'caller',
    ['if (!decision.allowed) {', 'if (!decision.allowed && this.hasDecided === undefined) {'],
    ['if (!inScope) return denied({ action, resource, policy: this.roles.policy }, SCOPE_RULE);', ''],
    ['const inScope = hasAction(this.asker, action) && ', 'const inScope = '],
    [' && hasModel(this.asker, resource, attributes);', ';'],
    ["return rowsInScope(this.asker, resource, columns['model'], rowRules(this.roles.about(this.asker.role, action, resource), target));", 'return rowRules(this.roles.about(this.asker.role, action, resource), target);'],
    ['...attributes, ...circumstances(this.log) })', '...circumstances(this.log), ...attributes })'],
    ['this.hasDecided = settled !== undefined;', 'this.hasDecided = true;'],
  ),
  ...enforcement('stated-purpose', ['if (this.words.has(said)) return said;', 'if (said !== undefined) return said;']),
  ...within(['test/e2e/tenants.test.ts'])('src/access/operators.ts', ['if (isLocal(request)) return;', 'return;'], ['if (runsIt && ', 'if ('], ["['x-forwarded-for', 'forwarded', 'x-real-ip', 'via'].every", '[].every']),
  ...enforcement('undecided', ['request.caller.decided ||', 'request.caller !== undefined ||']),
  ...enforcement('untraced', ['if (caller.traced) return done(null, payload);', 'return done(null, payload);']),
  ...enforcement('access', ["if (TRACED.some(([act, on]) => act === action && on === resource)) return 'entry';", '']),
  ...enforcement(
    'access-trail',
    ['await caller.log.append({ ...draftAct', 'void caller.log.append({ ...draftAct'],
    ['if (!(error instanceof AppendError && READABLE.has(error.code))) throw error;', 'if (!(error instanceof AppendError && READABLE.has(error.code))) return void (caller.traced = true);'],
  ),
  ...within(unit('declared-routes'))('src/access/declared-routes.ts', ['if (faults.length > 0) throw new UndeclaredRouteError', 'if (faults.length > 99) throw new UndeclaredRouteError']),
  ...within(unit('another-person'))(
    'src/access/another-person.ts',
    ["if (principal === first) throw", "if (principal === '') throw"],
    ['asker.issuedBy === first || rowCount !== 0', 'rowCount !== 0'],
    ['asker.issuedBy === first || rowCount !== 0', 'asker.issuedBy === first'],
  ),
  ...credentials(
    'find-credential',
    ['if (row.revoked) return', 'if (row.prefix === undefined) return'],
    ['row.lasts !== null && row.lasts <= 0', 'row.lasts !== null && row.lasts <= -1e12'],
    ['lastsMs: Math.min(row.lasts ?? Infinity, row.elevated ?? Infinity)', 'lastsMs: Infinity'],
  ),
  ...credentials('known-credentials', ['known.until > now ? known', 'known.until > 0 ? known'], ['if (started <= this.changed) return credential;', ''], ['this.known.delete(digest);\n  }', '}']),
  ...credentials(
    'verify-token',
    ['audience: provider.audience,', ''],
    ['algorithms: provider.algorithms,', ''],
    ['clockTolerance: provider.clockSkewSeconds,', 'clockTolerance: 1e9,'],
    ['maxTokenAge: provider.maxTokenAgeSeconds,', ''],
    ['...(provider.tokenType !== undefined && { typ: provider.tokenType }),', ''],
    ['tenant === undefined || others.length > 0', 'tenant === undefined'],
    ['return found === value || (Array.isArray(found) && found.includes(value));', 'return true;'],
  ),
  ...wall(
    'migrations/0014_wall.sql',
    ["using ((select current_setting(''prediction_ledger.tenant'', true) = ''*'') or %s)", 'using (true or %s)'],
    ["'alter table %s enable row level security'", "'alter table %s disable row level security'"],
    ['from log where tenant = tenant_in_sight()', 'from log'],
    ["is distinct from '*' and not exists", "is distinct from '*' and false and not exists"],
    ["array['lock_head', 'advance_vault',", "array['lock_head',"],
  ),
  ...wall('src/database/tenant-pool.ts', ['this.give(String(tenant), done)', 'this.give(EVERY_TENANT, done)'], ['if (actsFor.get(client) === tenant) return client;', 'if (actsFor.has(client)) return client;']),
];
