import { Column, Entity, PrimaryColumn } from 'typeorm';

/** One prediction in the chain that a careful team writes for itself. */
@Entity('prediction')
export class PredictionRow {
  @PrimaryColumn({ type: 'bigint' })
  index!: string;

  @Column({ type: 'text', unique: true })
  id!: string;

  @Column({ type: 'text' })
  model!: string;

  @Column({ type: 'text' })
  version!: string;

  @Column({ type: 'timestamptz' })
  time!: Date;

  @Column({ type: 'jsonb' })
  body!: object;

  @Column({ type: 'text' })
  hash!: string;

  @Column({ type: 'text' })
  prev!: string;
}
