import { Controller, Get, Param, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Public } from '../access/access.ts';
import { LogReaders } from '../access/log-readers.ts';
import { CoreError } from '../core/core-error.ts';
import { encodeEntryBundle } from '../core/entry-bundle.ts';
import { parseTilePath, tileWidth } from '../core/tile.ts';
import { Problem } from '../http/problem.ts';
import type { Log } from './log.ts';

const TEXT = 'text/plain; charset=utf-8';
const BYTES = 'application/octet-stream';
/** One year: what a tile's path names never changes. */
const IMMUTABLE = 'max-age=31536000, immutable';

/** c2sp.org/tlog-tiles: what monitors, mirrors and auditors read. Only what a published checkpoint covers is shown. */
@ApiTags('tlog')
@Controller('logs')
export class TlogController {
  constructor(private readonly readers: LogReaders) {}

  @Get(':log/checkpoint')
  @Public()
  @ApiOperation({ summary: 'The newest checkpoint' })
  async checkpoint(@Req() request: FastifyRequest, @Param('log') name: string, @Res() reply: FastifyReply): Promise<void> {
    const log = await this.readers.open(request, name);
    const latest = log.publisher.latest ?? (await log.publisher.refresh());
    if (latest === undefined) throw new Problem('not-found', 'The log has published no checkpoint yet.');
    send(reply, log, TEXT, 'no-cache', latest.note);
  }

  @Get(':log/tile/*')
  @Public()
  @ApiOperation({ summary: 'A tile of hashes, tile/<L>/<N>[.p/<W>], or an entry bundle, tile/entries/<N>[.p/<W>]' })
  @ApiParam({ name: 'path', type: 'string', description: '<L>/<N>[.p/<W>], or entries/<N>[.p/<W>]' })
  async tile(@Req() request: FastifyRequest, @Param('log') name: string, @Res() reply: FastifyReply): Promise<void> {
    const log = await this.readers.open(request, name);
    // Not by @Param: OpenAPI has no name for a wildcard.
    const { '*': rest } = request.params as { '*': string };
    const size = log.publisher.latest?.size ?? 0;
    const wanted = parse(`tile/${rest}`);
    const { level, index, width } = wanted.kind === 'hashes' ? wanted.tile : { level: 0, ...wanted };
    if (width > tileWidth(level, index, size)) throw new Problem('not-found', 'No published checkpoint covers that tile yet.');
    const bytes = wanted.kind === 'hashes' ? await log.tiles.read(wanted.tile) : encodeEntryBundle(await log.tiles.readEntries(index, width));
    send(reply, log, BYTES, IMMUTABLE, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  }

  @Get(':log/vkey')
  @Public()
  @ApiOperation({ summary: 'The key that signs now' })
  async vkey(@Req() request: FastifyRequest, @Param('log') name: string, @Res() reply: FastifyReply): Promise<void> {
    const log = await this.readers.open(request, name);
    send(reply, log, TEXT, 'no-cache', `${log.row.keys.at(-1)?.vkey ?? ''}\n`);
  }

  @Get(':log/vkeys')
  @Public()
  @ApiOperation({ summary: 'Every key that the log has had, with the first index that it signs for' })
  async vkeys(@Req() request: FastifyRequest, @Param('log') name: string, @Res() reply: FastifyReply): Promise<void> {
    const log = await this.readers.open(request, name);
    send(reply, log, 'application/json; charset=utf-8', 'no-cache', JSON.stringify({ keys: log.row.keys }));
  }
}

function parse(path: string): ReturnType<typeof parseTilePath> {
  try {
    return parseTilePath(path);
  } catch (error) {
    if (error instanceof CoreError) throw new Problem('not-found', 'That is not the path of a tile.');
    throw error;
  }
}

/** An open log may be kept by shared caches; a closed one only by its reader. */
function send(reply: FastifyReply, log: Log, type: string, caching: string, body: string | Buffer): void {
  const scope = log.row.open ? 'public' : 'private';
  reply.header('content-type', type).header('cache-control', `${scope}, ${caching}`).send(body);
}
