-- Base A on Oracle: owner of the tables, and a reader for the engine and for the API's System A. Run as a DBA, in SQL*Plus or SQLcl.
-- Not yet run on an Oracle server by the authors: read before use.
-- Replace the two passwords and, if need be, the tablespace. Then let the migrations make the tables as the
-- owner (SCORE_BASE_A_ADMIN_URL), and run the second part.

CREATE USER escore_dono_a IDENTIFIED BY "troque-esta-senha" QUOTA UNLIMITED ON users;
GRANT CREATE SESSION, CREATE TABLE TO escore_dono_a;

CREATE USER escore_leitor_a IDENTIFIED BY "troque-esta-senha-tambem";
GRANT CREATE SESSION TO escore_leitor_a;

-- Second part, once the tables exist (the migrations grant the same, if they know the reader's URL).
-- READ, of Oracle 12.1.0.2 and newer, is SELECT without the right to lock rows by SELECT ... FOR UPDATE.
GRANT READ ON escore_dono_a.cliente TO escore_leitor_a;
GRANT READ ON escore_dono_a.divida TO escore_leitor_a;
CREATE SYNONYM escore_leitor_a.cliente FOR escore_dono_a.cliente;
CREATE SYNONYM escore_leitor_a.divida FOR escore_dono_a.divida;
