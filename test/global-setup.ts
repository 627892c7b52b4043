import { startTestCluster } from './test-cluster.ts';

/** One PostgreSQL for the whole run; its addresses reach the workers through the environment. */
export default async function globalSetup(): Promise<void> {
  const cluster = await startTestCluster();
  Object.assign(process.env, cluster.environment);
  (globalThis as { stopTestCluster?: () => Promise<void> }).stopTestCluster = cluster.stop;
}
