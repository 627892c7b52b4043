/** Bytes of a file, both included. */
export interface ByteRange {
  readonly from: number;
  readonly to: number;
}

/**
 * The range that a request asks for (RFC 9110, section 14.1.2): undefined for the whole, where none is asked for or what is asked for is not one range of bytes;
 * `unsatisfiable` where none of it is there.
 *
 * @param length of the file, in bytes
 */
export function byteRange(header: string | undefined, length: number): ByteRange | 'unsatisfiable' | undefined {
  const [, first = '', last = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? '') ?? [];
  if (first === '' && last === '') return undefined;
  if (first === '') return Number(last) === 0 ? 'unsatisfiable' : { from: Math.max(0, length - Number(last)), to: length - 1 };
  const from = Number(first);
  if (from >= length) return 'unsatisfiable';
  if (last !== '' && Number(last) < from) return undefined;
  return { from, to: last === '' ? length - 1 : Math.min(Number(last), length - 1) };
}
