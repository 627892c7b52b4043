import { CATALOGUE, type Action, type Resource } from './catalogue.ts';
import type { Attributes } from './condition.ts';
import type { ColumnOf } from './condition-sql.ts';
import type { Principal, Scope } from './principal.ts';
import type { RowRules } from './row-rules.ts';

/** Who decides where a credential is not scoped to it: a rule that no file can have. */
export const SCOPE_RULE = 'scope';

/** Whether the credential is narrowed so that what is asked about decides, too. */
export function isConfined({ models }: Scope, resource: Resource): boolean {
  return models !== undefined && 'model' in CATALOGUE[resource].attributes;
}

/** Whether the credential's scope has the action. */
export function hasAction({ actions }: Scope, action: Action): boolean {
  return actions === undefined || actions.includes(action);
}

/** Whether the credential's scope has the thing: one whose model is not known is in no scope of models. */
export function hasModel(scope: Scope, resource: Resource, { model }: Attributes): boolean {
  return !isConfined(scope, resource) || (typeof model === 'string' && scope.models?.includes(model) === true);
}

/** Rules about rows, narrowed to the models of the credential's scope. Without a column of the model, no row is in it. */
export function rowsInScope(scope: Principal, resource: Resource, model: ColumnOf | undefined, rules: RowRules): RowRules {
  if (!isConfined(scope, resource)) return rules;
  if (model === undefined) return () => 'FALSE';
  return (bind) => `(${rules(bind)} AND ((${model(bind, scope)}) = ANY(${bind(scope.models)}::text[])) IS TRUE)`;
}
