-- Results on PostgreSQL: owner of the schema, the engine, and a reader for data scientists and auditors.
-- psql -v dono_senha=... -v motor_senha=... -v analista_senha=... -d postgres -f postgresql_results.sql
-- The migrations (SCORE_RESULTS_ADMIN_URL) then grant the engine its rights, table by table: it adds to the
-- audit trail but never alters it, and it owns the partitioned table `score`, because PostgreSQL lets only a
-- table's owner add partitions. That is why the owner is made a member of the engine's role.

create role escore_dono_score login nosuperuser nocreatedb nocreaterole password :'dono_senha';
create role escore_motor login nosuperuser nocreatedb nocreaterole password :'motor_senha';
create role escore_analista login nosuperuser nocreatedb nocreaterole password :'analista_senha';
grant escore_motor to escore_dono_score;

create database score owner escore_dono_score;
revoke all on database score from public;
grant connect on database score to escore_motor, escore_analista;

-- Statements and row values hold CPFs, which belong in no log (LGPD art. 46).
alter database score set log_statement = 'none';
alter database score set log_min_duration_statement = -1;
alter database score set log_min_error_statement = 'panic';
alter database score set log_min_messages = 'log';
alter database score set log_error_verbosity = 'terse';

\connect score
revoke create on schema public from public;
grant usage on schema public to escore_analista;
alter default privileges for role escore_dono_score in schema public grant select on tables to escore_analista;
