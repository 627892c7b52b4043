-- A data subject's key that takes another's place knows which ones: an erasure destroys those too, in a backup from before.
alter table data_key add column replaces bigint[];
