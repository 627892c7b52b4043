import { startService, type Service } from '../service.ts';
import { readSettings } from '../settings.ts';
import { stderrLog } from './database-command.ts';

/** Runs `work` on a service without HTTP. With the embedded database, no other service may be running on its DATA_DIR. */
export async function withService(work: (service: Service) => Promise<void>): Promise<void> {
  const service = await startService(readSettings(process.env), (level, message) => {
    if (level !== 'info') stderrLog(level, message);
  });
  try {
    await work(service);
  } finally {
    await service.close();
  }
}
