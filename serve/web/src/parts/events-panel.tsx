/** The last consultation, movement of money and purchase. */

import { type ReactNode, useCallback } from "react";
import type { Api } from "../api/client";
import type { Events } from "../api/payloads";
import type { Reads } from "../api/reads";
import { Word } from "../text/kept-words";
import { useSaid } from "../text/language";
import { Showing, useLoaded } from "./loaded";

export function EventsPanel({ api, id, reads }: { api: Api; id: string; reads: Reads }) {
  const read = useCallback(() => reads.get("events", (signal) => api.events(id, signal)), [api, id, reads]);
  const loaded = useLoaded(read);
  return <Showing loaded={loaded}>{(events) => <EventsShown events={events} />}</Showing>;
}

function EventsShown({ events }: { events: Events }) {
  const { texts, format } = useSaid();
  const said = texts.events;
  const { ultima_consulta: consultation, movimentacao_financeira: movement, ultima_compra: purchase } = events;
  const amount = (value: number | null) => (value === null ? null : format.money(value));
  return (
    <>
      <Event title={said.consultation} isKnown={consultation !== null}>
        <Fact name={said.when} value={consultation && format.instant(consultation.data_consulta)} />
        <Fact name={said.company} value={consultation?.empresa ?? null} />
        <Fact
          name={said.companyKind}
          value={
            consultation && (consultation.tipo_empresa === "titular" ? said.own : named(consultation.tipo_empresa))
          }
        />
      </Event>
      <Event title={said.movement} isKnown={movement !== null}>
        <Fact name={said.when} value={movement && format.instant(movement.data_movimentacao)} />
        <Fact name={said.kind} value={movement && named(movement.tipo_movimentacao)} />
        <Fact name={said.amount} value={movement && amount(movement.valor)} />
        <Fact name={said.description} value={movement?.descricao ?? null} />
      </Event>
      <Event title={said.purchase} isKnown={purchase !== null}>
        <Fact name={said.when} value={purchase && format.instant(purchase.data_compra)} />
        <Fact name={said.amount} value={purchase && amount(purchase.valor)} />
        <Fact name={said.product} value={purchase?.produto ?? null} />
        <Fact name={said.card} value={purchase && named(purchase.bandeira_cartao)} />
        <Fact name={said.kind} value={purchase && named(purchase.tipo)} />
      </Event>
    </>
  );
}

function Event({ title, isKnown, children }: { title: string; isKnown: boolean; children: ReactNode }) {
  const { texts } = useSaid();
  return (
    <section>
      <h3>{title}</h3>
      {isKnown ? <dl className="facts">{children}</dl> : <p>{texts.events.none}</p>}
    </section>
  );
}

function Fact({ name, value }: { name: string; value: ReactNode }) {
  const { texts } = useSaid();
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value ?? texts.events.unknown}</dd>
    </div>
  );
}

function named(text: string | null): ReactNode {
  return text === null ? null : <Word>{text}</Word>;
}
