import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional, Matches } from 'class-validator';
import type { QuarantineState } from './quarantine-table.ts';

const STATES: readonly QuarantineState[] = ['held', 'released', 'rejected', 'expired', 'erased'];

/** Filter and page of `GET /v1/quarantine`, as they stand in the URL. */
export class QuarantineQuery {
  @ApiPropertyOptional({ enum: STATES })
  @IsOptional()
  @IsIn(STATES, { message: `is one of ${STATES.join(', ')}` })
  state?: QuarantineState;

  @ApiPropertyOptional({ description: 'the `next` of the page before' })
  @IsOptional()
  @Matches(/^qua_[0-9a-f]{24}$/, { message: 'is the `next` of an earlier page' })
  cursor?: string;

  @ApiPropertyOptional({ description: 'rows a page, 100 unless said' })
  @IsOptional()
  @Matches(/^\d{1,6}$/, { message: 'is a whole number' })
  limit?: string;
}
