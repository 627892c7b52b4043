import { Controller, Get, Header, Param, Query, Req } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiQuery, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { Access, callerOf } from '../access/access.ts';
import { toBase64, toHex } from '../core/bytes.ts';
import { leafHash } from '../core/merkle-tree.ts';
import { Problem } from '../http/problem.ts';

/** The caller's own log: entries, consistency proofs and every published checkpoint. */
@ApiTags('log')
@ApiBearerAuth()
@Controller('v1/log')
export class LogController {
  @Get()
  @Access('read', 'log')
  @Header('cache-control', 'no-store')
  @ApiOperation({ summary: 'The log: its name, origin, keys, size, newest checkpoint, and why it stopped if it did' })
  async describe(@Req() request: FastifyRequest): Promise<object> {
    const { log } = callerOf(request);
    const { size } = await log.readHead();
    const { name, origin, open, keys } = log.row;
    return { log: name, origin, open, keys, size, checkpoint: log.publisher.latest?.note, ...(log.stopped !== undefined && { stopped: log.stopped }) };
  }

  @Get('entries/:index')
  @Access('read', 'log')
  @ApiOperation({ summary: 'One entry: its exact text and leaf hash' })
  async entry(@Req() request: FastifyRequest, @Param('index') index: string): Promise<object> {
    const { log } = callerOf(request);
    const at = natural(index, 'index');
    const bytes = await log.readEntry(at);
    if (bytes === undefined) throw new Problem('not-found', 'The log has no entry of that index yet.');
    return { index: at, entry: Buffer.from(bytes).toString('utf8'), leafHash: toHex(leafHash(bytes)) };
  }

  @Get('consistency')
  @Access('read', 'log')
  @ApiOperation({ summary: 'Proof that the tree of size `from` is a prefix of the tree of size `to`' })
  @ApiQuery({ name: 'from' })
  @ApiQuery({ name: 'to' })
  async consistency(@Req() request: FastifyRequest, @Query('from') from?: string, @Query('to') to?: string): Promise<object> {
    const { log } = callerOf(request);
    const [older, newer] = [natural(from, 'from'), natural(to, 'to')];
    if (older > newer) throw invalid('from', 'must not be larger than to');
    const { size } = await log.readHead();
    if (newer > size) throw invalid('to', `the log has ${size} entries`);
    const path = await log.prover.consistency(older, newer);
    return { from: older, to: newer, path: path.map(toBase64) };
  }

  @Get('checkpoints/:size')
  @Access('read', 'log')
  @Header('content-type', 'text/plain; charset=utf-8')
  @ApiOperation({ summary: 'The checkpoint that was published for exactly that size' })
  async checkpoint(@Req() request: FastifyRequest, @Param('size') size: string): Promise<string> {
    const { log } = callerOf(request);
    const found = await log.checkpoints.ofSize(natural(size, 'size'));
    if (found === undefined) throw new Problem('not-found', 'No checkpoint of that size was published.');
    return found.note;
  }
}

function natural(text: string | undefined, name: string): number {
  const value = text !== undefined && /^(0|[1-9]\d{0,15})$/.test(text) ? Number(text) : NaN;
  if (!Number.isSafeInteger(value)) throw invalid(name, 'must be a whole number from 0 to 2^53 - 1');
  return value;
}

function invalid(at: string, detail: string): Problem {
  return new Problem('invalid-query', 'The query is not right; see errors.', { errors: [{ at, code: 'range', detail }] });
}
