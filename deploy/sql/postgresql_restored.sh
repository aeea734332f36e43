#!/usr/bin/env bash
# Brings over, into results that were restored to a moment, what the ones before hold since: who read whose data, how far
# the audit's journals have come, requests for review and of erasure, and models. Runs and scores stay as they were at the
# moment; a night publishes the missing ones again.
#
#   deploy/sql/postgresql_restored.sh OLD NEW MOMENT
#
# OLD and NEW are addresses for psql, both as the results' owner; passwords come from PGPASSWORD or a file of passwords.
# Call it when nobody writes to OLD any more, and nobody to NEW yet. All of it is one transaction, and can be repeated.
set -euo pipefail
old=$1 new=$2 moment=$3
ask() { psql "$1" -X -q -A -t -v ON_ERROR_STOP=1 "${@:2}"; }

# table, rows of OLD, their order, what becomes of a row that NEW has already
bring() {
  echo "create temp table antiga (like $1) on commit drop;"
  echo "copy antiga from stdin;"
  ask "$old" -c "copy (select * from $1 where $2 order by $3) to stdout"
  echo '\.'
  if [ "$1" = auditoria ]; then # two stores that both give out ids would give out the same ones
    echo "do \$\$ begin if exists (select from antiga a join auditoria n using (id)
      where (a.momento, a.consulente, a.requisicao_id) is distinct from (n.momento, n.consulente, n.requisicao_id))
      then raise exception 'the restored results were written to before this'; end if; end \$\$;"
  fi
  echo "with brought as (insert into $1 overriding system value select * from antiga order by $3 on conflict $4 returning 1)
    select '$1', count(*) from brought;"
  echo "drop table antiga;"
}

# "column = excluded.column" of every column of a table
all_of() {
  ask "$old" -c "select string_agg(format('%1\$I = excluded.%1\$I', column_name), ', ') from information_schema.columns
    where table_schema = current_schema() and table_name = '$1'"
}

since="'$moment'::timestamptz - interval '1 hour'" # a row's instant is older than its commit
{
  echo "begin;"
  bring auditoria "momento >= $since" id "(id) do nothing"
  bring auditoria_diario true id "(id) do update set $(all_of auditoria_diario) where excluded.bytes > auditoria_diario.bytes"
  bring modelo "registrado_em >= $since" versao "(versao) do nothing"
  bring revisao true "(situacao = 'aberta'), id" "(id) do update set $(all_of revisao)"
  bring apagamento true titular "(titular) do update set $(all_of apagamento)"
  bring pedido_apagamento true "(situacao = 'pendente'), id" "(id) do update set $(all_of pedido_apagamento)"
  echo "select 'next id', setval(pg_get_serial_sequence('auditoria', 'id'), coalesce(max(id), 1)) from auditoria;"
  echo "commit;"
} | ask "$new" -F ': '
