import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, Matches } from 'class-validator';
import { IsInstant } from '../predictions/is-instant.ts';
import { DEPLOYMENT_CURSOR } from './deployment-cursor.ts';

/** A page of what was deployed, as it stands in the URL. */
export class DeploymentsQuery {
  @ApiPropertyOptional({ description: 'the `next` of the page before' })
  @IsOptional()
  @Matches(DEPLOYMENT_CURSOR, { message: 'is the `next` of an earlier page' })
  cursor?: string;

  @ApiPropertyOptional({ description: 'rows a page, 100 unless said' })
  @IsOptional()
  @Matches(/^\d{1,6}$/, { message: 'is a whole number' })
  limit?: string;
}

/** A page of models, or of a model's versions: the cursor is a name. */
export class ModelsQuery {
  @ApiPropertyOptional({ description: 'the `next` of the page before' })
  @IsOptional()
  @Matches(/^[A-Za-z0-9][A-Za-z0-9._:+@/-]{0,127}$/, { message: 'is the `next` of an earlier page' })
  cursor?: string;

  @ApiPropertyOptional({ description: 'rows a page, 100 unless said' })
  @IsOptional()
  @Matches(/^\d{1,6}$/, { message: 'is a whole number' })
  limit?: string;
}

/** A point in time, as it stands in the URL. */
export class AtQuery {
  @ApiPropertyOptional({ description: 'as it stood, and as the log knew it, at that time; now unless said. RFC 3339' })
  @IsOptional()
  @IsInstant()
  at?: string;
}

export class VersionsQuery extends ModelsQuery {
  @ApiPropertyOptional({ description: 'as the versions stood, and as the log knew them, at that time; now unless said. RFC 3339' })
  @IsOptional()
  @IsInstant()
  at?: string;
}
