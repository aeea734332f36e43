-- Databases of compose.yaml's PostgreSQL: Base B and the results.
CREATE DATABASE base_b;
CREATE DATABASE score;
