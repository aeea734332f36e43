/** Sources of income and assets. */

import { useCallback } from "react";
import type { Api } from "../api/client";
import type { ScoreData } from "../api/payloads";
import type { Reads } from "../api/reads";
import { useWords, Word } from "../text/kept-words";
import { useSaid } from "../text/language";
import { Showing, useLoaded } from "./loaded";

export function IncomePanel({ api, id, reads }: { api: Api; id: string; reads: Reads }) {
  const read = useCallback(() => reads.get("data", (signal) => api.scoreData(id, signal)), [api, id, reads]);
  const loaded = useLoaded(read);
  return <Showing loaded={loaded}>{(data) => <IncomeShown data={data} />}</Showing>;
}

function IncomeShown({ data }: { data: ScoreData }) {
  const { texts } = useSaid();
  const said = texts.income;
  const inWords = useWords();
  return (
    <>
      <section>
        <h3>{said.sources}</h3>
        {data.fontes_de_renda.length === 0 && <p>{said.noSources}</p>}
        <Things
          things={data.fontes_de_renda.map((one) => ({ ...one, more: said.each(inWords(one.frequencia).text) }))}
        />
      </section>
      <section>
        <h3>{said.assets}</h3>
        {data.bens.length === 0 && <p>{said.noAssets}</p>}
        <Things things={data.bens.map((one) => ({ ...one, valor: one.valor_estimado }))} />
      </section>
    </>
  );
}

interface Thing {
  tipo: string;
  descricao: string;
  valor: number | null;
  more?: string;
}

function Things({ things }: { things: Thing[] }) {
  const { texts, format } = useSaid();
  const keyed = things.map((thing, place) => ({ thing, key: `${place}-${thing.tipo}` }));
  return (
    <ul className="cards">
      {keyed.map(({ thing, key }) => (
        <li key={key}>
          <span>
            <span className="name">
              <Word>{thing.tipo}</Word>
            </span>
            <br />
            <span lang="pt-BR">{thing.descricao}</span>
            {thing.more !== undefined && (
              <>
                <br />
                {thing.more}
              </>
            )}
          </span>
          <strong>{thing.valor === null ? texts.income.unknownAmount : format.money(thing.valor)}</strong>
        </li>
      ))}
    </ul>
  );
}
