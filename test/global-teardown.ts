// oxlint-disable-next-line import/no-default-export -- Jest calls a default export
export default async function globalTeardown(): Promise<void> {
  await (globalThis as { stopTestCluster?: () => Promise<void> }).stopTestCluster?.();
}
