const MAX_FILES = 300;

/**
 * Reads each policy file once: a file of the same path and text gives the same value again, which nobody may change. Bundles
 * have most of their files in common. What throws is not remembered.
 */
export function rememberFile<T>(read: (path: string, text: string) => T): (path: string, text: string) => T {
  const known = new Map<string, T>();
  return (path, text) => {
    const key = `${path}\n${text}`;
    const before = known.get(key);
    if (before !== undefined) return before;
    const value = read(path, text);
    if (known.size >= MAX_FILES) known.clear();
    known.set(key, value);
    return value;
  };
}
