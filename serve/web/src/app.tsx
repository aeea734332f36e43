/** The page as a whole: where the API is, who is signed in, and which page is open. */

import { useCallback, useEffect, useMemo, useState } from "react";
import { Api } from "./api/client";
import { loadApiBase } from "./api/config";
import { ConsumerPage } from "./pages/consumer";
import { Find, type Search } from "./pages/find";
import { ModelPage } from "./pages/model";
import { SignIn } from "./pages/sign-in";
import { leavePlace, MODEL, type Place, usePlace } from "./place";
import type { Session } from "./session/session";
import { type Language, useSaid } from "./text/language";

type Notice = "ended" | "signedOut" | null;

/** A timer cannot wait longer than a signed 32-bit number of milliseconds. */
const LONGEST_TIMER = 2 ** 31 - 1;

export function App() {
  const { texts } = useSaid();
  const base = useApiBase();
  const place = usePlace();
  const [session, setSession] = useState<Session | null>(null);
  const [notice, setNotice] = useState<Notice>(null);
  const end = useCallback((why: Notice) => {
    if (why === "signedOut") {
      leavePlace(); // whoever signs in next begins with nobody's page
    }
    setSession(null);
    setNotice(why);
  }, []);
  useExpiry(session, end);
  return (
    <>
      <button type="button" className="skip" onClick={() => document.getElementById("conteudo")?.focus()}>
        {texts.skip}
      </button>
      <header>
        <div>
          <strong className="brand">{texts.title}</strong>
          <span className="tagline">{texts.tagline}</span>
        </div>
        <div className="actions">
          <LanguageChoice />
          {session !== null && (
            <button type="button" onClick={() => end("signedOut")}>
              {texts.signOut}
            </button>
          )}
        </div>
      </header>
      <main id="conteudo" tabIndex={-1}>
        {base === "wrong" && <p role="alert">{texts.badConfig}</p>}
        {base === "loading" && <output>{texts.loading}</output>}
        {base instanceof URL && session === null && place.page !== "model" && (
          <SignIn notice={notice} onSignIn={setSession} />
        )}
        {base instanceof URL && session === null && place.page === "model" && <ModelPage base={base} />}
        {base instanceof URL && session !== null && <SignedIn base={base} session={session} place={place} end={end} />}
      </main>
      <footer>{place.page !== "model" && <a href={MODEL}>{texts.model.link}</a>}</footer>
    </>
  );
}

interface SignedInProps {
  base: URL;
  session: Session;
  place: Place;
  end: (why: Notice) => void;
}

function SignedIn({ base, session, place, end }: SignedInProps) {
  const [search, setSearch] = useState<Search>({ kind: "none" });
  const api = useMemo(() => new Api(base, session.credentials, () => end("ended")), [base, session, end]);
  if (place.page === "model") {
    return <ModelPage base={base} />;
  }
  const id = session.claims.titular ?? (place.page === "consumer" ? place.id : null);
  if (id === null) {
    return <Find api={api} claims={session.claims} search={search} setSearch={setSearch} />;
  }
  const found = search.kind === "found" ? search.page.results.find((consumer) => consumer.id === id) : undefined;
  return <ConsumerPage key={id} api={api} id={id} claims={session.claims} found={found} />;
}

function LanguageChoice() {
  const { texts, language, choose } = useSaid();
  return (
    <label className="language">
      <span className="unseen">{texts.language}</span>
      <select value={language} onChange={(event) => choose(event.target.value as Language)}>
        <option value="pt" lang="pt-BR">
          Português
        </option>
        <option value="en" lang="en">
          English
        </option>
      </select>
    </label>
  );
}

function useApiBase(): URL | "loading" | "wrong" {
  const [base, setBase] = useState<URL | "loading" | "wrong">("loading");
  useEffect(() => {
    loadApiBase().then(setBase, () => setBase("wrong"));
  }, []);
  return base;
}

/** Ends the session when its token does, rather than at the next request. */
function useExpiry(session: Session | null, end: (why: Notice) => void): void {
  useEffect(() => {
    if (session === null) {
      return;
    }
    const wait = Math.min(LONGEST_TIMER, Math.max(0, session.claims.expires - Date.now()));
    const timer = setTimeout(() => end("ended"), wait);
    return () => clearTimeout(timer);
  }, [session, end]);
}
