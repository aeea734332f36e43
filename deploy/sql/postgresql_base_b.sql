-- Base B on PostgreSQL: owner of the tables, and a reader for the engine and for the API's System B.
-- psql -v dono_senha=... -v leitor_senha=... -d postgres -f postgresql_base_b.sql

create role escore_dono_b login nosuperuser nocreatedb nocreaterole password :'dono_senha';
create role escore_leitor_b login nosuperuser nocreatedb nocreaterole password :'leitor_senha';
alter role escore_leitor_b set default_transaction_read_only = on;
create database base_b owner escore_dono_b;
revoke all on database base_b from public;
grant connect on database base_b to escore_leitor_b;

-- Statements and row values hold CPFs, which belong in no log (LGPD art. 46).
alter database base_b set log_statement = 'none';
alter database base_b set log_min_duration_statement = -1;
alter database base_b set log_min_error_statement = 'panic';
alter database base_b set log_min_messages = 'log';
alter database base_b set log_error_verbosity = 'terse';

\connect base_b
revoke create on schema public from public;
grant usage on schema public to escore_leitor_b;
-- Large objects belong to no table, and everybody may make them.
revoke execute on function lo_create(oid), lo_creat(integer), lo_from_bytea(oid, bytea) from public;
-- What the owner creates from here on, the reader may read; nothing else.
alter default privileges for role escore_dono_b in schema public grant select on tables to escore_leitor_b;
