/** One consumer: a tab for each part that the token opens; a part is read when its tab is opened, and once. */

import { Tabs } from "@base-ui/react/tabs";
import { useEffect, useState } from "react";
import type { Api } from "../api/client";
import type { Consumer } from "../api/payloads";
import { Reads } from "../api/reads";
import { maskCpf } from "../cpf";
import { AccessesPanel } from "../parts/accesses-panel";
import { DebtsPanel } from "../parts/debts-panel";
import { EventsPanel } from "../parts/events-panel";
import { HistoryPanel } from "../parts/history-panel";
import { IncomePanel } from "../parts/income-panel";
import { PageHeading } from "../parts/page-heading";
import { ReviewsPanel } from "../parts/reviews-panel";
import { ScorePanel } from "../parts/score-panel";
import type { Claims } from "../session/claims";
import { closedParts, openParts, type Part } from "../session/parts";
import { useSaid } from "../text/language";

const PANELS: Record<Part, (props: { api: Api; id: string; reads: Reads; own: boolean }) => React.ReactNode> = {
  score: ScorePanel,
  history: HistoryPanel,
  debts: DebtsPanel,
  income: IncomePanel,
  events: EventsPanel,
  accesses: AccessesPanel,
  reviews: ReviewsPanel,
};

interface Props {
  api: Api;
  id: string;
  claims: Claims;
  /** What the search told of the consumer, where a search led here: nothing is read to say whose page it is. */
  found: Consumer | undefined;
}

export function ConsumerPage({ api, id, claims, found }: Props) {
  const { texts } = useSaid();
  const said = texts.consumer;
  const own = claims.titular !== null;
  const reads = useReads();
  const parts = openParts(claims);
  const closed = closedParts(claims);
  const title = own ? said.own : said.heading;
  return (
    <>
      {!own && (
        <p>
          <a href="#/">{said.back}</a>
        </p>
      )}
      <PageHeading title={title}>{title}</PageHeading>
      {found !== undefined && (
        <p className="lead">
          <strong>{found.nome}</strong>, <span className="whole">CPF {maskCpf(found.cpf)}</span>
        </p>
      )}
      <p className="aside">{said.recorded}</p>
      <Tabs.Root defaultValue={parts[0]}>
        <Tabs.List className="tabs" aria-label={said.parts} activateOnFocus={false}>
          {parts.map((part) => (
            <Tabs.Tab key={part} value={part} className="tab">
              {texts.tabs[part]}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {parts.map((part) => {
          const Panel = PANELS[part];
          return (
            <Tabs.Panel key={part} value={part} className="panel">
              <h2>{texts.tabs[part]}</h2>
              <Panel api={api} id={id} reads={reads} own={own} />
            </Tabs.Panel>
          );
        })}
      </Tabs.Root>
      {closed.length > 0 && (
        <p className="aside">{said.notAllowed(closed.map((part) => texts.tabs[part]).join(", "))}</p>
      )}
    </>
  );
}

function useReads(): Reads {
  const [reads] = useState(() => new Reads());
  useEffect(() => () => reads.close(), [reads]);
  return reads;
}
