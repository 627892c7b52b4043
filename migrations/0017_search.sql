-- The combinations of filters that people use, each by an index (docs/design/2026-11-27-search.md: which, and what each costs an append).
create index prediction_model on prediction (log, model, version, index);
create index prediction_decision on prediction (log, model, outcome, index) where outcome is not null;
-- Nearly everything is live; what is not is what somebody looks for.
create index prediction_deployment on prediction (log, deployment, index) where deployment <> 'live';
create index prediction_exceptions on prediction (log, index) where exceptions is not null;
