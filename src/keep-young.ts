import { setFlagsFromString } from 'node:v8';

/**
 * Lets V8 put every new object into its young generation. Left to itself it learns that objects made at some places live
 * long, and makes those in the old one. Here that guess is wrong under load: an append's objects live until its commit,
 * which is longer than some collections are apart. Those made in the old generation are dead soon, but until the next full
 * collection they hold on to all that they refer to; so whole records grew old, a fifth of all that was made.
 */
export function keepYoung(): void {
  setFlagsFromString('--no-allocation-site-pretenuring');
}
