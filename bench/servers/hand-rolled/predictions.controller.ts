import { Body, Controller, HttpCode, ParseArrayPipe, Post } from '@nestjs/common';
import { PredictionDto } from './prediction.dto.ts';
import { PredictionsService, type Appended } from './predictions.service.ts';

@Controller('v1/predictions')
export class PredictionsController {
  constructor(private readonly predictions: PredictionsService) {}

  @Post()
  async append(@Body() posted: PredictionDto): Promise<Appended | undefined> {
    const [appended] = await this.predictions.append([posted]);
    return appended;
  }

  @Post('batch')
  @HttpCode(200)
  async appendAll(@Body(new ParseArrayPipe({ items: PredictionDto })) posted: PredictionDto[]): Promise<(Appended & { status: number })[]> {
    const appended = await this.predictions.append(posted);
    return appended.map((each) => ({ ...each, status: 201 }));
  }
}
