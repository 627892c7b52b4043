/** Lets so many through at once and so many a second in the long run. Times are `performance.now()`'s. */
export class TokenBucket {
  private tokens: number;
  private at: number;
  private readonly perMs: number;
  private readonly burst: number;

  constructor(perSecond: number, burst: number, now: number) {
    this.perMs = perSecond / 1000;
    this.burst = burst;
    this.tokens = burst;
    this.at = now;
  }

  /** Takes one: 0, or how many ms to wait for it; nothing is taken then. */
  take(now: number): number {
    const wait = this.wait(now);
    if (wait === 0) this.tokens -= 1;
    return wait;
  }

  /** How many ms to wait for one; 0 when there is one. */
  wait(now: number): number {
    this.tokens = Math.min(this.burst, this.tokens + (now - this.at) * this.perMs);
    this.at = now;
    return this.tokens >= 1 ? 0 : (1 - this.tokens) / this.perMs;
  }
}

/** A bucket for each of many, of whom the newest are remembered: those who were forgotten begin with a full one. */
export class TokenBuckets {
  private readonly buckets = new Map<string, TokenBucket>();
  private readonly max: number;

  constructor(max: number) {
    this.max = max;
  }

  of(name: string, { perSecond, burst }: { perSecond: number; burst: number }, now: number): TokenBucket {
    const known = this.buckets.get(name);
    if (known !== undefined) return known;
    if (this.buckets.size >= this.max) this.buckets.delete(this.buckets.keys().next().value as string); // it is full, so there is a first
    const bucket = new TokenBucket(perSecond, burst, now);
    this.buckets.set(name, bucket);
    return bucket;
  }

  /** The bucket of that name where it is remembered. */
  find(name: string): TokenBucket | undefined {
    return this.buckets.get(name);
  }
}
