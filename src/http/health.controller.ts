import { Controller, Get, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Public } from '../access/access.ts';
import { Readiness } from './readiness.ts';

@ApiTags('health')
@Controller('health')
export class HealthController {
  constructor(private readonly readiness: Readiness) {}

  @Get('live')
  @Public()
  @ApiOperation({ summary: 'The process answers' })
  live(): object {
    return { status: 'live' };
  }

  @Get('ready')
  @Public()
  @ApiOperation({ summary: 'The service can take predictions in; 503 with the findings otherwise' })
  async ready(@Res() reply: FastifyReply): Promise<void> {
    const findings = await this.readiness.findings();
    reply.status(findings.length === 0 ? 200 : 503).send({ status: findings.length === 0 ? 'ready' : 'not ready', findings });
  }
}
