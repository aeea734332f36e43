/** Who read the consumer's data in the last six months. */

import { useCallback, useState } from "react";
import type { Api } from "../api/client";
import type { Access, AccessPage } from "../api/payloads";
import { Problem } from "../api/problem";
import type { Reads } from "../api/reads";
import { useSaid } from "../text/language";
import { plainName } from "../words";
import { Failure } from "./failure";
import { Showing, useLoaded } from "./loaded";

export function AccessesPanel({ api, id, reads }: { api: Api; id: string; reads: Reads }) {
  const read = useCallback(() => reads.get("accesses", (signal) => api.accesses(id, signal)), [api, id, reads]);
  const loaded = useLoaded(read);
  return <Showing loaded={loaded}>{(page) => <AccessesShown api={api} first={page} />}</Showing>;
}

function AccessesShown({ api, first }: { api: Api; first: AccessPage }) {
  const { texts, format } = useSaid();
  const said = texts.accesses;
  const [pages, setPages] = useState([first]);
  const [problem, setProblem] = useState<Problem | null>(null);
  const next = pages.at(-1)?.next ?? null;
  const readMore = async () => {
    if (next === null) {
      return;
    }
    setProblem(null);
    try {
      const page = await api.page<AccessPage>(next);
      setPages((known) => (known.at(-1)?.next === next ? [...known, page] : known));
    } catch (error) {
      setProblem(error instanceof Problem ? error : new Problem("fault"));
    }
  };
  const accesses = pages.flatMap((page) => page.results);
  const keyed = accesses.map((access, place) => ({ access, key: `${place}-${access.quando}` }));
  return (
    <>
      <p>{said.since(format.date(first.desde))}</p>
      {accesses.length === 0 && <p>{said.none}</p>}
      <ul className="cards">
        {keyed.map(({ access, key }) => (
          <AccessShown key={key} access={access} />
        ))}
      </ul>
      {problem !== null && <Failure problem={problem} />}
      {next !== null && (
        <button type="button" onClick={readMore}>
          {said.more}
        </button>
      )}
    </>
  );
}

function AccessShown({ access }: { access: Access }) {
  const { texts, format } = useSaid();
  const said = texts.accesses;
  return (
    <li>
      <span>
        <span className="name">{access.titular ? said.own : access.consulente}</span>{" "}
        {said.what[access.recurso] ?? said.other}
        {access.resultado === 404 && `; ${said.notFound}`}
        <br />
        <span className="quiet">
          {access.finalidade === null ? said.noPurpose : said.purpose(plainName(access.finalidade))}
        </span>
      </span>
      <time dateTime={access.quando}>{format.instant(access.quando)}</time>
    </li>
  );
}
