-- Gives a role the password of today, after results or a Base B that were restored to a moment came back with that
-- moment's: ROLE=... PASSWORD=... psql -d score -f postgresql_password.sql
\getenv role ROLE
\getenv password PASSWORD
alter role :"role" password :'password';
