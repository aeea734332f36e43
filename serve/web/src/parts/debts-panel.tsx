/** The register, and open debts as consulentes see them: none that is paid, none more than five years past due. */

import { useCallback } from "react";
import type { Api } from "../api/client";
import type { Address, Consumer, Debt } from "../api/payloads";
import type { Reads } from "../api/reads";
import { maskCpf } from "../cpf";
import { daysOverdue, todayInSaoPaulo, totalCents } from "../debts";
import { useWords } from "../text/kept-words";
import { useSaid } from "../text/language";
import { Showing, useLoaded } from "./loaded";

export function DebtsPanel({ api, id, reads, own }: { api: Api; id: string; reads: Reads; own: boolean }) {
  const read = useCallback(() => reads.get("consumer", (signal) => api.consumer(id, signal)), [api, id, reads]);
  const loaded = useLoaded(read);
  return (
    <Showing loaded={loaded}>
      {(consumer) => (
        <>
          <Register consumer={consumer} own={own} />
          <DebtsShown debts={consumer.dividas} />
        </>
      )}
    </Showing>
  );
}

/** Sex and marital status, which no score may use, are shown to the person alone. */
function Register({ consumer, own }: { consumer: Consumer; own: boolean }) {
  const { texts, format } = useSaid();
  const said = texts.debts;
  const inWords = useWords();
  const facts: [string, string | null][] = [
    [said.name, consumer.nome],
    ["CPF", maskCpf(consumer.cpf)],
    [said.born, format.day(consumer.data_nascimento)],
    [said.address, inOneLine(consumer.endereco)],
  ];
  if (own) {
    facts.push(
      [said.sex, consumer.sexo && inWords(consumer.sexo).text],
      [said.maritalStatus, consumer.estado_civil && inWords(consumer.estado_civil).text],
    );
  }
  return (
    <section>
      <h3>{said.register}</h3>
      <dl className="facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value ?? texts.events.unknown}</dd>
          </div>
        ))}
      </dl>
      {own && <p className="aside">{said.notUsed}</p>}
    </section>
  );
}

function inOneLine(address: Address): string | null {
  const { longadouro, numero, complemento, bairro, cidade, uf } = address;
  const parts = [longadouro, numero, complemento, bairro, cidade, uf].filter((part) => part !== null && part !== "");
  return parts.length === 0 ? null : parts.join(", ");
}

function DebtsShown({ debts }: { debts: Debt[] }) {
  const { texts, format } = useSaid();
  const said = texts.debts;
  const today = todayInSaoPaulo(new Date());
  const keyed = debts.map((debt, place) => ({ debt, key: `${place}-${debt.vencimento}` }));
  return (
    <section>
      <h3>{said.open}</h3>
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
    </section>
  );
}
