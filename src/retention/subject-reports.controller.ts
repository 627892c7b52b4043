import { Controller, HttpCode, Post, Req, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Access, callerOf } from '../access/access.ts';
import { OwnSchemas } from '../http/own-schemas.ts';
import { readPosted } from '../http/posted-json.ts';
import { SUBJECT } from './erasure-form.ts';
import { issueReport, type ReportForm } from './issue-report.ts';
import { PrivacyDesk } from './privacy-desk.ts';
import { reportPage } from './report-page.ts';

const FORM = {
  type: 'object',
  additionalProperties: false,
  required: ['subject'],
  properties: {
    subject: SUBJECT,
    format: { enum: ['json', 'html'] },
    originals: { type: 'boolean' },
    cursor: { type: 'string', pattern: '^[1-9]\\d{0,8}-\\d{1,15}$' },
  },
} as const;
const isForm = new OwnSchemas().compile<ReportForm>(FORM);

/** What a data subject is told of what is held about them. The reference travels in the body, never in the URL. */
@ApiTags('data subjects')
@ApiBearerAuth()
@Controller('v1/subjects/reports')
export class SubjectReportsController {
  constructor(private readonly desk: PrivacyDesk) {}

  @Post()
  @HttpCode(200)
  @Access('report', 'subject')
  @ApiOperation({ summary: 'What is held about a data subject, by which logic it was used, who saw it, and for how long it stays; in pages' })
  @ApiBody({ schema: FORM as object })
  @ApiResponse({ status: 200, description: 'the report, as JSON or as a page that stands by itself; of an unknown subject the same, empty' })
  async report(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<object | string> {
    const form = readPosted(request, isForm);
    const report = await issueReport(this.desk, callerOf(request), form);
    if (form.format !== 'html') return report;
    reply.header('content-type', 'text/html; charset=utf-8').header('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'");
    return reportPage(report);
  }
}
