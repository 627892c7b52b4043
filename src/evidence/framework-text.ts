import type { Frameworks } from './frameworks.ts';

/** What frameworks ask for, each assertion under what it is known by, in words: for showing and comparing policies. */
export function frameworkTexts(frameworks: Frameworks): Map<string, string> {
  const texts = new Map<string, string>();
  for (const { id, file, assertions } of frameworks.all) {
    texts.set(`framework ${id}`, `${file.title} (${file.edition}), ${file.controls.length} controls`);
    for (const { file: assertion, parameters } of assertions) {
      const asked = Object.keys(parameters).length === 0 ? '' : ` with ${JSON.stringify(parameters)}`;
      texts.set(`framework ${id}, assertion ${assertion.id}`, `${assertion.query}${asked}, rule ${assertion.rule}, ${assertion.strength}, sample ${assertion.sample}: evidence for ${assertion.controls.join(', ')}; ${assertion.caveat}`);
    }
    for (const { id: control, title, text } of file.controls) texts.set(`framework ${id}, control ${control}`, `${title}: ${text}`);
  }
  return texts;
}
