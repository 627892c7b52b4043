/** The wall clock, ms since 1970 UTC. A port, because entry time is part of what is proved. */
export interface Clock {
  now(): number;
}

export const systemClock: Clock = { now: () => Date.now() };

/** Farther than this from PostgreSQL's clock, a replica neither appends nor is ready. */
export const MAX_CLOCK_SKEW_MS = 5000;
