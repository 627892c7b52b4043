// package-lock.json has to name the packages of every platform, or `npm ci` refuses it on all of them. npm leaves out
// those that the registry at hand does not serve; this adds them, and with --check says which are missing.
import { readFileSync, writeFileSync } from 'node:fs';

const FILE = 'package-lock.json';
const OS = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'openharmony', 'win32'];
const CPU = ['arm64', 'arm', 'ia32', 'loong64', 'ppc64', 'riscv64', 's390x', 'x64'];

const lock = JSON.parse(readFileSync(FILE, 'utf8'));
const added = [];
for (const [path, { optionalDependencies = {}, dev }] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(optionalDependencies)) {
    if (isNamed(path, name)) continue;
    const words = name.slice(name.indexOf('/') + 1).split('-');
    const os = OS.find((each) => words.includes(each));
    const cpu = CPU.find((each) => words.includes(each));
    if (os === undefined || cpu === undefined) throw new Error(`${name}: for which platform?`);
    const libc = { gnu: 'glibc', musl: 'musl' }[words.at(-1)];
    lock.packages[`node_modules/${name}`] = {
      version,
      cpu: [cpu],
      ...(dev && { dev }),
      ...(os === 'linux' && libc && { libc: [libc] }),
      optional: true,
      os: [os],
    };
    added.push(name);
  }
}

if (!process.argv.includes('--check')) {
  const entries = Object.entries(lock.packages).toSorted(([a], [b]) => a.localeCompare(b, 'en'));
  writeFileSync(FILE, `${JSON.stringify({ ...lock, packages: Object.fromEntries(entries) }, null, 2)}\n`);
} else if (added.length > 0) {
  process.stderr.write(`${FILE} lacks ${added.join(', ')}: run "node .ci/complete-lock.mjs"\n`);
  process.exitCode = 1;
}

/** Whether a package that stands at `path` finds `name` above it. */
function isNamed(path, name) {
  for (let folder = path; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))) {
    if (`${folder === '' ? '' : `${folder}/`}node_modules/${name}` in lock.packages) return true;
    if (folder === '') return false;
  }
}
