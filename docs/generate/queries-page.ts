import { QUERIES } from '../../src/evidence/query-catalogue.ts';

/** docs/spec/evidence-queries.md, as the catalogue of queries has it. */
export function queriesPage(): string {
  const sections = [...QUERIES.values()].map(({ name, v, title, question, basis, types, context = [], columns, parameters, reasons }) => {
    const parts = [
      `## ${name}`,
      `${title}, version ${v}. ${question}`,
      `- Population: ${types.length === 0 ? 'no entries of its own' : types.includes('*') ? 'every entry' : listed(types)}${context.length > 0 ? `; it looks at ${listed(context)} besides` : ''}. Basis \`${basis}\`.`,
      ...(Object.keys(parameters).length === 0 ? [] : [`- Parameters: ${Object.entries(parameters).map(([parameter, form]) => `\`${parameter}\` (${JSON.stringify(form.default)} unless said)`).join(', ')}.`]),
      ...(Object.keys(reasons).length === 0 ? ['- It takes nothing for an exception.'] : ['- Exceptions:', ...Object.entries(reasons).map(([code, text]) => `  - \`${code}\`: ${text}`)]),
      `- Columns: ${columns.map((column) => `\`${column.name}\` (${column.meaning})`).join(', ')}.`,
    ];
    return `${parts[0]}\n\n${parts[1]}\n\n${parts.slice(2).join('\n')}\n`;
  });
  return `${HEADER}\n${sections.join('\n')}`;
}

function listed(types: readonly string[]): string {
  return types.map((type) => `\`${type}\``).join(', ');
}

const HEADER = `# Queries of evidence

<!-- Written by "npm run queries" from src/evidence; never edited by hand. -->

The named queries that a framework file ([../evidence.md](../evidence.md)) may ask for: which entries of the range each reads, and what it takes for an exception. Each reads entries and their payloads, and
besides these the contracts in force and the legal holds at the end of the range, so that whoever may read the log makes the same rows. Envelope, totals and samples are as [bundle.md](bundle.md) says. A fact is in the period by its entry's time;
what came before counts where a query looks at how things stood.
`;
