-- A database for a Prefect server of one's own, beside the results, and its owner.
-- psql -v prefect_senha=... -d postgres -f postgresql_prefect.sql

create role escore_prefect login nosuperuser nocreatedb nocreaterole password :'prefect_senha';
create database prefect owner escore_prefect;
revoke all on database prefect from public;
