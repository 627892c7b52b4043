import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, Matches } from 'class-validator';

/** The query of a list of bundles. */
export class EvidencePage {
  @ApiPropertyOptional({ description: 'the `next` of the page before' })
  @IsOptional()
  @Matches(/^[1-9]\d{0,14}$/, { message: 'is the `next` of an earlier page' })
  cursor?: string;
}
