import { toHex, utf8 } from './bytes.ts';
import { canonicalize } from './canonical-json.ts';
import type { BundleControls, BundleEnvelope, BundleManifest } from './bundle-documents.ts';
import type { FileCheck, Findings } from './bundle-report.ts';
import { readWhole, type BundleSource } from './bundle-source.ts';
import { controlVerdict } from './bundle-verdict.ts';
import { sha256 } from './sha256.ts';

const CONTROLS = 'controls.json';
const POLICIES = 'policies/';
const MAX_POLICY_BYTES = 16 * 1024 * 1024;
const CR = 0x0d;
const LF = 0x0a;

/** Checks that the controls are judged by exactly the populations that are there, and come to what these give. */
export function checkControls(controls: BundleControls, manifest: BundleManifest, envelopes: ReadonlyMap<string, BundleEnvelope>, findings: Findings): void {
  const contradicts = (what: string, at: string): void => findings.add(CONTROLS, 'evidence-contradiction', what, at);
  if (controls.framework !== manifest.framework.id) contradicts('it is of another framework than the manifest', '/framework');
  for (const [i, control] of controls.controls.entries()) {
    const at = `/controls/${i}`;
    if (controlVerdict(control.assertions) !== control.verdict) findings.add(CONTROLS, 'evidence-verdict-mismatch', `control ${control.id} is ${control.verdict}, and its assertions give ${controlVerdict(control.assertions)}`, `${at}/verdict`);
    for (const [n, assertion] of control.assertions.entries()) {
      const envelope = envelopes.get(assertion.id);
      const where = `${at}/assertions/${n}`;
      if (envelope === undefined) contradicts(`control ${control.id} rests on ${assertion.id}, which is not there`, where);
      else if (envelope.verdict !== assertion.verdict || envelope.strength !== assertion.strength || envelope.caveat !== assertion.caveat) contradicts(`control ${control.id} says something else of ${assertion.id} than its envelope`, where);
    }
  }
  for (const envelope of envelopes.values()) {
    const bearing = controls.controls.filter(({ assertions }) => assertions.some(({ id }) => id === envelope.assertion)).map(({ id }) => id);
    if (bearing.join('\n') !== envelope.controls.join('\n')) contradicts(`${envelope.assertion} bears on other controls than its envelope says`, '/controls');
    const sampled = envelope.samples.map(({ control }) => control);
    if (new Set(sampled).size !== sampled.length || sampled.some((control) => !envelope.controls.includes(control))) contradicts(`${envelope.assertion} has a sample for a control that it does not bear on`, '/controls');
  }
}

/** Checks that the policies are those whose digest the manifest names, and that the framework is one of them. */
export async function checkPolicies(source: BundleSource, manifest: BundleManifest, checks: ReadonlyMap<string, FileCheck>, findings: Findings): Promise<void> {
  const { framework, view, files } = manifest;
  const paths = files.map(({ path }) => path).filter((path) => path.startsWith(POLICIES));
  if (!paths.every((path) => checks.has(path))) return;
  const digests: { [path: string]: string } = {};
  for (const path of paths) {
    const digest = await findings.during(path, async () => toHex(sha256(withLf(await readWhole(source, path, MAX_POLICY_BYTES)))));
    if (digest === undefined) return;
    digests[path.slice(POLICIES.length)] = digest;
  }
  if (!framework.path.startsWith(POLICIES) || digests[framework.path.slice(POLICIES.length)] !== framework.digest) findings.add(framework.path, 'evidence-contradiction', 'it is not the framework that the manifest names');
  const digest = toHex(sha256(utf8(canonicalize(digests))));
  if (digest !== view.policy) {
    findings.add(POLICIES, 'evidence-contradiction', 'together the policies have another digest than the manifest names');
    return;
  }
  for (const path of paths) {
    checks.get(path)?.checked.push('with the other policies it has the digest that the manifest names as in force');
    checks.get(path)?.notProved.push('that it was in force throughout the period: entries name the digest that was');
  }
}

/** With each CR LF made LF, as a policy is digested (docs/spec/policy-digest.md). */
function withLf(bytes: Uint8Array): Uint8Array {
  return bytes.filter((byte, i) => byte !== CR || bytes[i + 1] !== LF);
}
