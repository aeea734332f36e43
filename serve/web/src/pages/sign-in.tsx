/** Entry by a token that an identity provider issued; it is kept in memory alone. */

import { type FormEvent, useId, useRef, useState } from "react";
import { PageHeading } from "../parts/page-heading";
import { cleanToken, isPurpose, readClaims } from "../session/claims";
import { mayOpenAnything } from "../session/parts";
import type { Session } from "../session/session";
import { useSaid } from "../text/language";

type Mistake = "notAToken" | "expired" | "noScope" | "badPurpose";

export function SignIn({ notice, onSignIn }: { notice: "ended" | "signedOut" | null; onSignIn: (s: Session) => void }) {
  const { texts } = useSaid();
  const said = texts.signIn;
  const [mistake, setMistake] = useState<Mistake | null>(null);
  const [needsPurpose, setNeedsPurpose] = useState(false);
  const tokenField = useRef<HTMLInputElement>(null);
  const purposeField = useRef<HTMLInputElement>(null);
  const ids = { token: useId(), tokenHint: useId(), purpose: useId(), purposeHint: useId(), wrong: useId() };

  const submit = (event: FormEvent) => {
    event.preventDefault();
    const token = cleanToken(tokenField.current?.value ?? "");
    const purpose = purposeField.current?.value.trim() ?? "";
    const claims = readClaims(token);
    const found: Mistake | null =
      claims === null
        ? "notAToken"
        : claims.expires <= Date.now()
          ? "expired"
          : mayOpenAnything(claims)
            ? null
            : "noScope";
    setMistake(found);
    if (found !== null || claims === null) {
      tokenField.current?.focus();
      return;
    }
    if (claims.hasPurpose) {
      onSignIn({ claims, credentials: { token, purpose: null } });
    } else if (isPurpose(purpose)) {
      onSignIn({ claims, credentials: { token, purpose } });
    } else {
      setMistake(needsPurpose ? "badPurpose" : null);
      setNeedsPurpose(true);
      purposeField.current?.focus();
    }
  };
  const isTokenWrong = mistake !== null && mistake !== "badPurpose";
  return (
    <>
      <PageHeading title={said.heading}>{said.heading}</PageHeading>
      <output>{notice === null ? "" : said[notice]}</output>
      <form className="panel" onSubmit={submit} noValidate autoComplete="off">
        <label htmlFor={ids.token}>{said.token}</label>
        <input
          id={ids.token}
          ref={tokenField}
          type="password"
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          aria-invalid={isTokenWrong}
          aria-describedby={isTokenWrong ? `${ids.wrong} ${ids.tokenHint}` : ids.tokenHint}
        />
        <p id={ids.tokenHint} className="hint">
          {said.tokenHint}
        </p>
        <div hidden={!needsPurpose}>
          <label htmlFor={ids.purpose}>{said.purpose}</label>
          <input
            id={ids.purpose}
            ref={purposeField}
            type="text"
            autoComplete="off"
            maxLength={80}
            aria-invalid={mistake === "badPurpose"}
            aria-describedby={mistake === "badPurpose" ? `${ids.wrong} ${ids.purposeHint}` : ids.purposeHint}
          />
          <p id={ids.purposeHint} className="hint">
            {said.purposeHint}
          </p>
        </div>
        {mistake !== null && (
          <p id={ids.wrong} role="alert" className="wrong">
            {said[mistake]}
          </p>
        )}
        <button type="submit" className="primary">
          {said.submit}
        </button>
      </form>
    </>
  );
}
