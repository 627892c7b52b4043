// Builds the two verifiers that go into each evidence bundle: each one file, from the same core as the service's own. The
// same sources and packages give the same bytes on every machine; docs/verifier-digests.md holds their digests.
//
//   node src/verifiers/build.mjs [--out folder] [--digests file | --check file]
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const PACKAGES = ['@noble/curves', '@noble/hashes', '@scure/base'];

const read = (path) => readFileSync(join(ROOT, path), 'utf8').replaceAll('\r\n', '\n');
const digest = (algorithm, bytes, encoding) => createHash(algorithm).update(bytes).digest(encoding);

/** The licence of each package whose code is in what is built, and our own name. */
function licences() {
  const texts = PACKAGES.map((name) => {
    const { version, license } = JSON.parse(read(`node_modules/${name}/package.json`));
    return `${name} ${version}, ${license}\n\n${read(`node_modules/${name}/LICENSE`).trim()}`;
  });
  return ['prediction-ledger, Apache-2.0: https://www.apache.org/licenses/LICENSE-2.0', ...texts].join('\n\n----\n\n');
}

function isThere(path, text) {
  return existsSync(path) && readFileSync(path, 'utf8') === text;
}

async function bundle(entry, options) {
  const { outputFiles, metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: [entry],
    bundle: true,
    write: false,
    metafile: true,
    charset: 'utf8',
    target: 'es2023',
    legalComments: 'inline',
    // The page's own settings add types alone; those of the root are what decides how code is written.
    tsconfig: join(ROOT, 'tsconfig.json'),
    logLevel: 'warning',
    ...options,
  });
  for (const path of Object.keys(metafile.inputs)) {
    if (path.startsWith('node_modules/') && !PACKAGES.some((name) => path.startsWith(`node_modules/${name}/`))) throw new Error(`${path} is in a verifier without its licence`);
  }
  return outputFiles[0].text;
}

async function verifyMjs() {
  const banner = `// Verifies an evidence bundle of prediction-ledger: node verify.mjs --help\n/*\n${licences().replaceAll('*/', '* /')}\n*/`;
  return bundle('src/cli/verify-bundle-alone.ts', { platform: 'node', format: 'esm', banner: { js: banner } });
}

async function verifyHtml() {
  // A closing tag in the script would end it.
  const script = `\n${(await bundle('src/verifiers/page.ts', { platform: 'browser', format: 'iife' })).replaceAll('</script', '<\\/script')}`;
  const style = `\n${read('src/verifiers/page.css')}`;
  const parts = {
    SCRIPT: script,
    STYLE: style,
    SCRIPT_HASH: digest('sha256', script, 'base64'),
    STYLE_HASH: digest('sha256', style, 'base64'),
    LICENCES: licences().replaceAll('&', '&amp;').replaceAll('<', '&lt;'),
  };
  return read('src/verifiers/page.html').replaceAll(/%([A-Z_]+)%/g, (_, name) => parts[name]);
}

const { values } = parseArgs({ options: { out: { type: 'string', default: join(ROOT, 'dist/src/verifiers') }, digests: { type: 'string' }, check: { type: 'string' } } });
const files = { 'verify.mjs': await verifyMjs(), 'verify.html': await verifyHtml() };
mkdirSync(values.out, { recursive: true });
// A service that runs may be putting them into a bundle: they are only touched where they change.
for (const [name, text] of Object.entries(files)) if (!isThere(join(values.out, name), text)) writeFileSync(join(values.out, name), text);

const rows = Object.entries(files).map(([name, text]) => `| \`${name}\` | ${Buffer.byteLength(text)} | \`${digest('sha256', text, 'hex')}\` |`);
const page = `# Digests of the verifiers

\`verify.mjs\` and \`verify.html\` go into each evidence bundle, each one file, built by \`npm run build\` from \`src/core\`. The same sources and packages give the same bytes on every machine. Compare a copy with this page, had from
elsewhere than the bundle: \`sha256sum verify.mjs verify.html\`.

| file | bytes | SHA-256 |
|---|---|---|
${rows.join('\n')}

Written by \`npm run verifiers\`; \`npm run verifiers:check\` fails when it is stale. Packages in them, with their licences inside: ${PACKAGES.map((name) => `\`${name}\``).join(', ')}.
`;
if (values.digests !== undefined) writeFileSync(values.digests, page);
if (values.check !== undefined && readFileSync(values.check, 'utf8') !== page) {
  process.stderr.write(`${values.check} is stale: npm run verifiers\n`);
  process.exitCode = 1;
}
