import type { Action, Resource } from './catalogue.ts';
import type { Attributes } from './condition.ts';
import type { Asker } from './variable.ts';

/**
 * What CASL is asked about: the only kind of subject that it gets. Its type is the one that the code names, so nothing in
 * a payload (`__caslSubjectType__`, a constructor's name) can choose another, and no bare name of a type can be asked
 * about, for which CASL takes a rule with conditions as one without.
 */
export class Asked {
  readonly resource: Resource;
  readonly attributes: Attributes;
  readonly asker: Asker;

  constructor(resource: Resource, attributes: Attributes, asker: Asker) {
    this.resource = resource;
    this.attributes = attributes;
    this.asker = asker;
  }

  /** @throws Error for anything else than an Asked: CASL would find a type of its own for it */
  static resourceOf(this: void, subject: unknown): Resource {
    if (subject instanceof Asked) return subject.resource;
    throw new Error('a decision is made about an Asked alone');
  }
}

/** An action on a resource as one word. */
export type Pair = `${Action} ${Resource}`;
