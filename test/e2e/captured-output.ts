import { jest } from '@jest/globals';

/** What this process writes to its standard streams from now on, however it comes there; `stop` lets it through again. */
export function captureOutput(): { text(): string; stop(): void } {
  const written: string[] = [];
  const spies = [process.stdout, process.stderr].map((stream) =>
    jest.spyOn(stream, 'write').mockImplementation((chunk: string | Uint8Array) => {
      written.push(Buffer.from(chunk as Uint8Array).toString('utf8'));
      return true;
    }),
  );
  return {
    text: () => written.join(''),
    stop: () => {
      for (const spy of spies) spy.mockRestore();
    },
  };
}
