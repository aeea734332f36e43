-- Results on PostgreSQL: owner of the schema, the engine, the API, and readers for data scientists and for auditors.
-- psql -v dono_senha=... -v motor_senha=... -v api_senha=... -v analista_senha=... -v auditor_senha=...
--      -d postgres -f postgresql_results.sql                                                     (one line)
-- The migrations (SCORE_RESULTS_ADMIN_URL) then grant every role its rights, table by table (stores/grants.py). The
-- engine owns the partitioned table `score`, because PostgreSQL lets only a table's owner add partitions: that is why
-- the owner is made a member of the engine's role. Nobody but the owner may alter or delete what the audit holds.

create role escore_dono_score login nosuperuser nocreatedb nocreaterole password :'dono_senha';
create role escore_motor login nosuperuser nocreatedb nocreaterole password :'motor_senha';
create role escore_api login nosuperuser nocreatedb nocreaterole password :'api_senha';
create role escore_analista login nosuperuser nocreatedb nocreaterole password :'analista_senha';
create role escore_auditor login nosuperuser nocreatedb nocreaterole password :'auditor_senha';
grant escore_motor to escore_dono_score;
alter role escore_analista set default_transaction_read_only = on;
alter role escore_auditor set default_transaction_read_only = on;

create database score owner escore_dono_score;
revoke all on database score from public;
grant connect on database score to escore_motor, escore_api, escore_analista, escore_auditor;

-- Statements and row values hold CPFs, which belong in no log (LGPD art. 46).
alter database score set log_statement = 'none';
alter database score set log_min_duration_statement = -1;
alter database score set log_min_error_statement = 'panic';
alter database score set log_min_messages = 'log';
alter database score set log_error_verbosity = 'terse';

\connect score
revoke create on schema public from public;
grant usage on schema public to escore_api, escore_analista, escore_auditor;
-- Large objects belong to no table, and everybody may make them.
revoke execute on function lo_create(oid), lo_creat(integer), lo_from_bytea(oid, bytea) from public;
