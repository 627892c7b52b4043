/** The end of a log's epoch of keys is under way on another replica. */
export class EpochEndingError extends Error {
  override readonly name = 'EpochEndingError';
  /** @param log its name */
  constructor(log: string) {
    super(`another replica is ending an epoch of the keys of log ${log}: ask again when it has`);
  }
}
