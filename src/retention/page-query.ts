import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional, Matches } from 'class-validator';

/** Page and filter of the lists about data subjects, as they stand in the URL. */
export class PageQuery {
  @ApiPropertyOptional({ enum: ['pending', 'rejected', 'expired', 'executed'] })
  @IsOptional()
  @IsIn(['pending', 'rejected', 'expired', 'executed'], { message: 'is pending, rejected, expired or executed' })
  state?: string;

  @ApiPropertyOptional({ description: 'the `next` of the page before' })
  @IsOptional()
  @Matches(/^req_[0-9a-f]{24}$/, { message: 'is the `next` of an earlier page' })
  cursor?: string;
}
