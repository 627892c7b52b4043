import { ProofFailure } from './proof.ts';

/** What the command line asks for. */
export interface ProveOptions {
  small: boolean;
  only: readonly string[];
}

/** Reads `[--small] [--only <proof>[,<proof>…]]`. @throws ProofFailure for anything else */
export function readOptions(args: readonly string[], names: readonly string[]): ProveOptions {
  const options = { small: false, only: names };
  for (let at = 0; at < args.length; at++) {
    const arg = args[at];
    if (arg === '--small') options.small = true;
    else if (arg === '--only') options.only = (args[++at] ?? '').split(',');
    else throw new ProofFailure(`unknown argument ${arg}: prove [--small] [--only ${names.join(',')}]`);
  }
  const unknown = options.only.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new ProofFailure(`there is no proof "${unknown}": ${names.join(', ')}`);
  return options;
}
