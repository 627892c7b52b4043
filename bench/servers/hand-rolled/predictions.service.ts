import { createHash } from 'node:crypto';
import { ConflictException, Injectable } from '@nestjs/common';
import { canonicalize } from 'json-canonicalize';
import { DataSource, QueryFailedError } from 'typeorm';
import { HeadRow } from './head.row.ts';
import type { PredictionDto } from './prediction.dto.ts';
import { PredictionRow } from './prediction.row.ts';

const UNIQUE_VIOLATION = '23505';
const CHAIN = 1;

export interface Appended {
  id: string;
  index: number;
}

/** A hash chain in one table: lock the head, link, insert, move the head, commit. */
@Injectable()
export class PredictionsService {
  constructor(private readonly database: DataSource) {}

  async append(posted: PredictionDto[]): Promise<Appended[]> {
    // What does not depend on the head is done before it is locked.
    const prepared = posted.map((body) => ({ body, canonical: canonicalize(body) }));
    try {
      return await this.database.transaction(async (manager) => {
        const head = await manager.findOneOrFail(HeadRow, { where: { chain: CHAIN }, lock: { mode: 'pessimistic_write' } });
        let hash = head.hash;
        let index = Number(head.size);
        const rows = prepared.map(({ body, canonical }) => {
          const prev = hash;
          hash = createHash('sha256').update(prev).update(canonical).digest('hex');
          const { id, model, version } = body;
          return { index: String(index++), id, model, version, time: new Date(), body, hash, prev };
        });
        await manager.insert(PredictionRow, rows);
        await manager.update(HeadRow, { chain: CHAIN }, { size: String(index), hash });
        return rows.map((row) => ({ id: row.id, index: Number(row.index) }));
      });
    } catch (error) {
      if (error instanceof QueryFailedError && (error.driverError as { code?: string }).code === UNIQUE_VIOLATION) {
        throw new ConflictException('this id is taken');
      }
      throw error;
    }
  }
}
