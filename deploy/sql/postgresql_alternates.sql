-- Second logins of the readers and the engine, for passwords that are turned over by alternating between two users
-- (Secrets Manager's multi-user rotation knows the second one by its ending, _clone). Once, after the roles:
-- psql -d base_b -v papel=escore_leitor_b -f postgresql_alternates.sql
-- psql -d score -v papel=escore_motor -f postgresql_alternates.sql
-- What the second one makes belongs to the first: PostgreSQL lets only a table's owner add partitions to `score`.

select format('create role %I login nosuperuser nocreatedb nocreaterole in role %I', :'papel' || '_clone', :'papel') \gexec
select format('alter role %I set role to %I', :'papel' || '_clone', :'papel') \gexec
