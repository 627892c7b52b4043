import { startTestCluster } from './test-cluster.ts';

/** One PostgreSQL for the whole run; its addresses reach the workers through the environment. */
// oxlint-disable-next-line import/no-default-export -- Jest calls a default export
export default async function globalSetup(): Promise<void> {
  const cluster = await startTestCluster();
  Object.assign(process.env, cluster.environment);
  (globalThis as { stopTestCluster?: () => Promise<void> }).stopTestCluster = cluster.stop;
}
