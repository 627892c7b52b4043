import { open, type FileHandle } from 'node:fs/promises';

/** A file to be gone on with at a length: what is behind it is cut off. @throws Error when it is shorter */
export async function openAt(path: string, length: number): Promise<FileHandle> {
  const file = await open(path, length === 0 ? 'w' : 'r+');
  const { size } = await file.stat();
  if (size < length) {
    await file.close();
    throw new Error(`${path} is shorter than it was: it did not reach the disk`);
  }
  await file.truncate(length);
  return file;
}
