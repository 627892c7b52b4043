import { Type } from 'class-transformer';
import { IsArray, IsBoolean, IsISO8601, IsNotEmpty, IsNumber, IsObject, IsOptional, IsString, MaxLength, ValidateNested } from 'class-validator';

class DecisionDto {
  @IsString()
  @IsNotEmpty()
  outcome!: string;

  @IsNumber()
  @IsOptional()
  threshold?: number;

  @IsArray()
  @IsString({ each: true })
  @IsOptional()
  reasons?: string[];

  @IsBoolean()
  @IsOptional()
  automated?: boolean;
}

class FeatureViewDto {
  @IsString()
  @IsNotEmpty()
  view!: string;

  @IsISO8601()
  asOf!: string;
}

/** A posted prediction, checked at its edges as a usual Nest service does; inputs and output are free objects. */
export class PredictionDto {
  @IsString()
  @IsNotEmpty()
  @MaxLength(128)
  id!: string;

  @IsString()
  @IsNotEmpty()
  @MaxLength(128)
  model!: string;

  @IsString()
  @IsNotEmpty()
  @MaxLength(64)
  version!: string;

  @IsString()
  @IsOptional()
  subject?: string;

  @IsISO8601()
  @IsOptional()
  time?: string;

  @IsObject()
  inputs!: Record<string, unknown>;

  @IsObject()
  output!: Record<string, unknown>;

  @ValidateNested()
  @Type(() => DecisionDto)
  @IsOptional()
  decision?: DecisionDto;

  @IsObject()
  @IsOptional()
  explanation?: Record<string, unknown>;

  @IsString()
  @IsOptional()
  purpose?: string;

  @IsString()
  @IsOptional()
  legalBasis?: string;

  @IsArray()
  @ValidateNested({ each: true })
  @Type(() => FeatureViewDto)
  @IsOptional()
  features?: FeatureViewDto[];

  @IsString()
  @IsOptional()
  deployment?: string;

  @IsString()
  @IsOptional()
  trace?: string;
}
