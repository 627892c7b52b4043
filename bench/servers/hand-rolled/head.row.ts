import { Column, Entity, PrimaryColumn } from 'typeorm';

/** The end of the chain: locked by each append. */
@Entity('head')
export class HeadRow {
  @PrimaryColumn({ type: 'int' })
  chain!: number;

  @Column({ type: 'bigint' })
  size!: string;

  @Column({ type: 'text' })
  hash!: string;
}
