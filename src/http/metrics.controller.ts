import { Controller, Get, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Public } from '../access/access.ts';
import { Operators } from '../access/operators.ts';
import { Metrics } from './metrics.ts';

@ApiTags('health')
@Controller('metrics')
export class MetricsController {
  constructor(
    private readonly metrics: Metrics,
    private readonly operators: Operators,
  ) {}

  @Get()
  @Public()
  @ApiOperation({ summary: 'Metrics in the text format of Prometheus; from another machine, for who may read totals in the tenant that runs the service' })
  async read(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await this.operators.admit(request);
    reply.header('content-type', this.metrics.registry.contentType).header('cache-control', 'no-store').send(await this.metrics.registry.metrics());
  }
}
