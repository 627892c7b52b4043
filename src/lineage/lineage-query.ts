import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional, Matches } from 'class-validator';

export const LINEAGE_FORMATS = ['json', 'prov', 'openlineage', 'text', 'html'] as const;
export type LineageFormat = (typeof LINEAGE_FORMATS)[number];

/** How much of a lineage, and in which form. */
export class LineageQuery {
  @ApiPropertyOptional({ enum: LINEAGE_FORMATS, description: 'JSON graph (default), W3C PROV-JSON, OpenLineage run events, or an account that a person can read; without it, `Accept: text/plain` and `text/html` are heeded' })
  @IsOptional()
  @IsIn(LINEAGE_FORMATS, { message: `is one of: ${LINEAGE_FORMATS.join(', ')}` })
  format?: LineageFormat;

  @ApiPropertyOptional({ description: 'generations of ancestors, 5 unless said' })
  @IsOptional()
  @Matches(/^([0-9]|1\d|20)$/, { message: 'is from 0 to 20' })
  depth?: string;

  @ApiPropertyOptional({ description: 'ancestors at most, and children and what was told a page; 100 unless said' })
  @IsOptional()
  @Matches(/^([1-9]\d?|[1-4]\d\d|500)$/, { message: 'is from 1 to 500' })
  size?: string;

  @ApiPropertyOptional({ description: '`more.children` or `more.followUps` of an earlier page' })
  @IsOptional()
  @Matches(/^(children|followUps)\.\d{1,9}\.\d{1,15}$/, { message: 'is the `more.children` or `more.followUps` of an earlier page' })
  cursor?: string;
}
