import { open } from 'node:fs/promises';

/** Makes the folder's names durable: a file that was created in it or renamed into it is there after a power loss. */
export async function syncFolder(folder: string): Promise<void> {
  // Windows has no fsync of folders; its rename is journalled.
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
