import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, Matches } from 'class-validator';
import { IsInstant } from './is-instant.ts';

/** Window, producer and page of `GET /v1/intake-totals`, as they stand in the URL. */
export class TotalsQuery {
  @ApiPropertyOptional({ description: 'periods that end after it, RFC 3339' })
  @IsOptional()
  @IsInstant()
  from?: string;

  @ApiPropertyOptional({ description: 'periods that end at or before it, RFC 3339' })
  @IsOptional()
  @IsInstant()
  to?: string;

  @ApiPropertyOptional({ description: 'the opaque id of a principal' })
  @IsOptional()
  @Matches(/^[!-~]{1,64}$/, { message: 'is the id of a principal' })
  producer?: string;

  @ApiPropertyOptional({ description: 'the `next` of the page before' })
  @IsOptional()
  @Matches(/^(0|[1-9]\d{0,14})$/, { message: 'is the `next` of an earlier page' })
  cursor?: string;

  @ApiPropertyOptional({ description: 'periods a page, 100 unless said' })
  @IsOptional()
  @Matches(/^\d{1,6}$/, { message: 'is a whole number' })
  limit?: string;
}
