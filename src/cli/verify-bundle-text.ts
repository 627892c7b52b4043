import type { BundleReport } from '../core/bundle-report.ts';
import { printable } from './verify-verdict.ts';

/** What a verifier says of a bundle, for people: the verdict first, then each file and sample. */
export function bundleText(report: BundleReport): string {
  const { about, digest, files, samples, controls, findings, findingCount, proved, notProved } = report;
  const lines = [findingCount === 0 ? 'VALID' : 'NOT VALID', ''];
  if (about !== null) lines.push(`${about.framework} (${about.edition}), ${about.from} to ${about.to}`, `Log ${about.origin}, its first ${about.size} entries`);
  if (digest !== null) lines.push(`Digest of the bundle: ${digest}`);
  if (findingCount > 0) {
    lines.push('', 'Does not hold (docs/errors.md says what a code means):');
    for (const { file, message, code } of findings) lines.push(`  - ${file}: ${message} [${code}]`);
    if (findingCount > findings.length) lines.push(`  … and ${findingCount - findings.length} more`);
  }
  lines.push('', 'Files:');
  for (const { path, bytes, checked, notProved: open } of files) {
    lines.push(`  ${path}, ${bytes} bytes`);
    for (const each of checked) lines.push(`    checked: ${each}`);
    for (const each of open) lines.push(`    not proved: ${each}`);
  }
  lines.push('', 'Samples:');
  for (const { file, drawn, of, method, proved: entries, opened } of samples) {
    lines.push(`  ${file}: ${drawn} of ${of} rows (${method}), ${entries} entries proved, ${opened} payloads opened`);
  }
  lines.push('', 'Controls, as the bundle judges them:');
  for (const { id, title, verdict } of controls) lines.push(`  ${id} ${title}: ${verdict}`);
  if (proved.length > 0) lines.push('', 'Proved:', ...proved.map((each) => `  - ${each}`));
  lines.push('', 'Not proved:', ...notProved.map((each) => `  - ${each}`));
  return `${lines.map((line) => printable(line)).join('\n')}\n`;
}
