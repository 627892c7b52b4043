import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsISO8601, IsNumberString, IsOptional, IsString, Length, Matches } from 'class-validator';

/** Filters and page of `GET /v1/predictions`, as they stand in the URL. */
export class ListQuery {
  @ApiPropertyOptional()
  @IsOptional()
  @IsString()
  @Length(1, 128)
  model?: string;

  @ApiPropertyOptional()
  @IsOptional()
  @IsString()
  @Length(1, 128)
  version?: string;

  @ApiPropertyOptional({ description: 'decision.outcome' })
  @IsOptional()
  @IsString()
  @Length(1, 256)
  decision?: string;

  @ApiPropertyOptional()
  @IsOptional()
  @IsString()
  @Length(1, 128)
  deployment?: string;

  @ApiPropertyOptional({ description: 'entry time at or after, RFC 3339' })
  @IsOptional()
  @IsISO8601({ strict: true })
  from?: string;

  @ApiPropertyOptional({ description: 'entry time before, RFC 3339' })
  @IsOptional()
  @IsISO8601({ strict: true })
  to?: string;

  @ApiPropertyOptional({ enum: ['desc', 'asc'], description: 'newest first (default) or oldest first' })
  @IsOptional()
  @IsIn(['asc', 'desc'])
  order?: 'asc' | 'desc';

  @ApiPropertyOptional({ description: 'the `next` of the page before' })
  @IsOptional()
  @Matches(/^\d{1,16}$/, { message: 'cursor must be the `next` of an earlier page' })
  cursor?: string;

  @ApiPropertyOptional({ description: 'rows a page, 100 unless said' })
  @IsOptional()
  @IsNumberString({ no_symbols: true })
  @Length(1, 6)
  limit?: string;
}
