/** The search: by CPF, and by name where the token lists consumers. */

import { type FormEvent, useEffect, useId, useRef } from "react";
import type { Api } from "../api/client";
import type { Consumer, ConsumerPage } from "../api/payloads";
import { Problem } from "../api/problem";
import { isLikeCpf, maskCpf, readCpf } from "../cpf";
import { Failure } from "../parts/failure";
import { PageHeading } from "../parts/page-heading";
import { linkTo } from "../place";
import type { Claims } from "../session/claims";
import { searchableBy } from "../session/parts";
import { useSaid } from "../text/language";

export type Search =
  | { kind: "none" }
  | { kind: "searching" }
  | { kind: "wrong"; mistake: "empty" | "badCpf" | "onlyCpf" }
  | { kind: "found"; page: ConsumerPage }
  | { kind: "failed"; problem: Problem };

interface Props {
  api: Api;
  claims: Claims;
  /** Kept outside, so that what was found is still there on the way back. */
  search: Search;
  setSearch: (search: Search) => void;
}

const NOBODY: ConsumerPage = { count: 0, next: null, previous: null, results: [] };

export function Find({ api, claims, search, setSearch }: Props) {
  const { texts } = useSaid();
  const said = texts.find;
  const by = searchableBy(claims);
  const field = useRef<HTMLInputElement>(null);
  /** Of two searches the later one counts, whichever is answered first; none does once the page is left. */
  const latest = useRef<AbortController | null>(null);
  useEffect(() => () => latest.current?.abort(), []);
  const ids = { field: useId(), hint: useId(), wrong: useId() };
  if (!by.cpf) {
    return (
      <>
        <PageHeading title={said.heading}>{said.heading}</PageHeading>
        <p>{said.nothingAllowed}</p>
      </>
    );
  }
  const run = async (work: (signal: AbortSignal) => Promise<ConsumerPage>) => {
    latest.current?.abort();
    const mine = new AbortController();
    latest.current = mine;
    setSearch({ kind: "searching" });
    const ended = await work(mine.signal).then(
      (page): Search => ({ kind: "found", page }),
      (error): Search => ({ kind: "failed", problem: error instanceof Problem ? error : new Problem("fault") }),
    );
    if (latest.current === mine) {
      setSearch(mine.signal.aborted ? { kind: "none" } : ended);
    }
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const asked = (field.current?.value ?? "").trim();
    const cpf = readCpf(asked);
    if (cpf !== null) {
      void run((signal) => findByCpf(api, claims, cpf, signal));
    } else if (asked !== "" && !isLikeCpf(asked) && by.name) {
      void run((signal) => api.search({ nome: asked }, signal));
    } else {
      latest.current?.abort();
      latest.current = null;
      setSearch({ kind: "wrong", mistake: asked === "" ? "empty" : isLikeCpf(asked) ? "badCpf" : "onlyCpf" });
      field.current?.focus();
    }
  };
  const isWrong = search.kind === "wrong";
  return (
    <>
      <PageHeading title={said.heading}>{said.heading}</PageHeading>
      <form className="panel" onSubmit={submit} noValidate autoComplete="off">
        <label htmlFor={ids.field}>{by.name ? said.both : said.cpf}</label>
        <input
          id={ids.field}
          ref={field}
          type="text"
          autoComplete="off"
          spellCheck={false}
          maxLength={200}
          aria-invalid={isWrong}
          aria-describedby={isWrong ? `${ids.wrong} ${ids.hint}` : ids.hint}
        />
        <p id={ids.hint} className="hint">
          {said.hint}
        </p>
        {isWrong && (
          <p id={ids.wrong} role="alert" className="wrong">
            {said[search.mistake]}
          </p>
        )}
        <button type="submit" className="primary">
          {said.submit}
        </button>
      </form>
      {search.kind === "searching" && <output className="loading">{texts.loading}</output>}
      {search.kind === "failed" && <Failure problem={search.problem} />}
      {search.kind === "found" && (
        <Found page={search.page} onFollow={(link) => run((signal) => api.page(link, signal))} />
      )}
    </>
  );
}

/** Finds a person by CPF among the registered, or else among the scored, whose page opens at once. */
async function findByCpf(api: Api, claims: Claims, cpf: string, signal: AbortSignal): Promise<ConsumerPage> {
  if (claims.scopes.has("clientes:ler")) {
    return api.search({ cpf }, signal);
  }
  const score = await api.scoreByCpf(cpf, signal);
  if (score !== null) {
    location.hash = linkTo(score.cliente_id);
  }
  return NOBODY;
}

function Found({ page, onFollow }: { page: ConsumerPage; onFollow: (link: string) => void }) {
  const { texts, format } = useSaid();
  const said = texts.find;
  return (
    <>
      <output>{page.results.length === 0 ? said.notFound : said.found(format.number(page.count))}</output>
      <ul className="cards">
        {page.results.map((consumer) => (
          <FoundOne key={consumer.id} consumer={consumer} />
        ))}
      </ul>
      <div className="actions">
        {page.previous !== null && (
          <button type="button" onClick={() => onFollow(page.previous ?? "")}>
            {said.previous}
          </button>
        )}
        {page.next !== null && (
          <button type="button" onClick={() => onFollow(page.next ?? "")}>
            {said.next}
          </button>
        )}
      </div>
    </>
  );
}

function FoundOne({ consumer }: { consumer: Consumer }) {
  const { texts, format } = useSaid();
  const { cidade, uf } = consumer.endereco;
  return (
    <li>
      <a href={linkTo(consumer.id)}>{consumer.nome}</a>
      <span>
        CPF {maskCpf(consumer.cpf)}, {texts.find.born(format.day(consumer.data_nascimento))}
        {cidade !== null && `, ${cidade}`}
        {uf !== null && ` (${uf})`}
      </span>
    </li>
  );
}
