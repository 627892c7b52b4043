import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional, Matches } from 'class-validator';
import { EXCEPTION_WORDS, type ExceptionWord } from './exception-words.ts';
import { IsInstant } from './is-instant.ts';

const IsName = (max: number): PropertyDecorator =>
  Matches(new RegExp(`^[^\\p{Cc}]{1,${max}}$`, 'u'), { message: `is given once, with 1 to ${max} characters and no control characters` });

/** Filters and page of `GET /v1/predictions`, as they stand in the URL. */
export class ListQuery {
  @ApiPropertyOptional()
  @IsOptional()
  @IsName(128)
  model?: string;

  @ApiPropertyOptional()
  @IsOptional()
  @IsName(128)
  version?: string;

  @ApiPropertyOptional({ description: 'decision.outcome' })
  @IsOptional()
  @IsName(256)
  decision?: string;

  @ApiPropertyOptional()
  @IsOptional()
  @IsName(128)
  deployment?: string;

  @ApiPropertyOptional({ description: 'who handed it in: opaque id' })
  @IsOptional()
  @Matches(/^prn_[0-9a-f]{24}$/, { message: 'is the opaque id of a principal' })
  producer?: string;

  @ApiPropertyOptional({ enum: ['any', ...EXCEPTION_WORDS], description: 'what was out of order when it was taken in' })
  @IsOptional()
  @IsIn(['any', ...EXCEPTION_WORDS], { message: `is any, or one of: ${EXCEPTION_WORDS.join(', ')}` })
  exception?: ExceptionWord | 'any';

  @ApiPropertyOptional({ description: 'entry time at or after, RFC 3339' })
  @IsOptional()
  @IsInstant()
  from?: string;

  @ApiPropertyOptional({ description: 'entry time before, RFC 3339' })
  @IsOptional()
  @IsInstant()
  to?: string;

  @ApiPropertyOptional({ enum: ['desc', 'asc'], description: 'newest first (default) or oldest first' })
  @IsOptional()
  @IsIn(['asc', 'desc'], { message: 'is asc or desc' })
  order?: 'asc' | 'desc';

  @ApiPropertyOptional({ description: 'the `next` of the page before' })
  @IsOptional()
  @Matches(/^(0|[1-9]\d{0,14})$/, { message: 'is the `next` of an earlier page' })
  cursor?: string;

  @ApiPropertyOptional({ description: 'rows a page, 100 unless said' })
  @IsOptional()
  @Matches(/^\d{1,6}$/, { message: 'is a whole number' })
  limit?: string;
}
