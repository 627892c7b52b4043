// (b) What a team builds when it has a week: Nest on Express, TypeORM, class-validator, a hash chain with a row lock on
// its head, a pool of ten. Written as well as that design allows: prepared before the lock, insert rather than save.
import 'reflect-metadata';
import { Module, ValidationPipe } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { announce } from './announce.ts';
import { HeadRow } from './hand-rolled/head.row.ts';
import { PredictionRow } from './hand-rolled/prediction.row.ts';
import { PredictionsController } from './hand-rolled/predictions.controller.ts';
import { PredictionsService } from './hand-rolled/predictions.service.ts';

const { PGHOST, PGUSER, PGDATABASE } = process.env;

@Module({
  imports: [
    TypeOrmModule.forRoot({
      type: 'postgres',
      ...(PGHOST === undefined ? {} : { host: PGHOST }),
      ...(PGUSER === undefined ? {} : { username: PGUSER }),
      ...(PGDATABASE === undefined ? {} : { database: PGDATABASE }),
      entities: [PredictionRow, HeadRow],
      synchronize: true,
      poolSize: 10,
    }),
  ],
  controllers: [PredictionsController],
  providers: [PredictionsService],
})
class HandRolledModule {}

/** Lines of JSON as the array that the batch route takes. */
function parseLines(request: { body: unknown }, _response: unknown, next: () => void): void {
  if (typeof request.body === 'string') {
    request.body = request.body.split('\n').filter(Boolean).map((line) => JSON.parse(line) as unknown);
  }
  next();
}

const app = await NestFactory.create<NestExpressApplication>(HandRolledModule, { logger: ['error', 'warn'] });
app.useBodyParser('json', { limit: '4mb' });
app.useBodyParser('text', { type: 'application/x-ndjson', limit: '4mb' });
app.use(parseLines);
app.useGlobalPipes(new ValidationPipe({ whitelist: true, transform: true }));
await app.get(DataSource).manager.insert(HeadRow, { chain: 1, size: '0', hash: '0'.repeat(64) });
await app.listen(0, '127.0.0.1');
const address = app.getHttpServer().address();
if (address === null || typeof address === 'string') throw new Error('no port');
announce({ port: address.port }, () => app.close());
