/** Open debts, as consulentes see them: none that is paid, none more than five years past due. */

import { useCallback } from "react";
import type { Api } from "../api/client";
import type { Debt } from "../api/payloads";
import type { Reads } from "../api/reads";
import { daysOverdue, todayInSaoPaulo, totalCents } from "../debts";
import { useSaid } from "../text/language";
import { Showing, useLoaded } from "./loaded";

export function DebtsPanel({ api, id, reads }: { api: Api; id: string; reads: Reads }) {
  const read = useCallback(() => reads.get("consumer", (signal) => api.consumer(id, signal)), [api, id, reads]);
  const loaded = useLoaded(read);
  return <Showing loaded={loaded}>{(consumer) => <DebtsShown debts={consumer.dividas} />}</Showing>;
}

function DebtsShown({ debts }: { debts: Debt[] }) {
  const { texts, format } = useSaid();
  const said = texts.debts;
  const today = todayInSaoPaulo(new Date());
  const keyed = debts.map((debt, place) => ({ debt, key: `${place}-${debt.vencimento}` }));
  return (
    <>
      <p className="lead">
        {debts.length === 0
          ? said.none
          : said.total(format.money(totalCents(debts) / 100), format.number(debts.length))}
      </p>
      <ul className="cards">
        {keyed.map(({ debt, key }) => {
          const days = daysOverdue(debt.vencimento, today);
          return (
            <li key={key}>
              <span>
                <span className="name">{debt.empresa}</span>
                <br />
                {said.due(format.day(debt.vencimento))}, {days > 0 ? said.overdue(format.number(days)) : said.notDue}
              </span>
              <strong>{debt.valor === null ? said.unknownAmount : format.money(debt.valor)}</strong>
            </li>
          );
        })}
      </ul>
      <p className="aside">{said.note}</p>
    </>
  );
}
