// (d) Ours as it is delivered: everything that is on by default.
import { serveOurs } from './serve-ours.ts';

await serveOurs({});
