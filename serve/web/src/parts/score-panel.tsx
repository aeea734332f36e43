/** The score: how high, on which scale, in which band, what it means, and what raised and lowered it. */

import { useCallback } from "react";
import type { Api } from "../api/client";
import type { Reason, Score } from "../api/payloads";
import type { Reads } from "../api/reads";
import { todayInSaoPaulo } from "../debts";
import { BANDS, bandLimits, partOfScale } from "../scale";
import { Sentence } from "../text/kept-words";
import { useSaid } from "../text/language";
import { ofAHundred } from "../words";
import { Showing, useLoaded } from "./loaded";

export function ScorePanel({ api, id, reads, own }: { api: Api; id: string; reads: Reads; own: boolean }) {
  const { texts } = useSaid();
  const read = useCallback(() => reads.get("score", (signal) => api.score(id, signal)), [api, id, reads]);
  const loaded = useLoaded(read);
  return (
    <Showing loaded={loaded} missing={texts.score.missing}>
      {(score) => <ScoreShown score={score} own={own} />}
    </Showing>
  );
}

function ScoreShown({ score, own }: { score: Score; own: boolean }) {
  const { texts, format } = useSaid();
  const said = texts.score;
  return (
    <>
      {score.score === null || score.faixa === null ? (
        <p className="lead">{said.insufficient}</p>
      ) : (
        <>
          <Scale value={score.score} score={score} />
          <p className="lead">
            {said.is(own, format.number(score.score), format.number(score.escala.min), format.number(score.escala.max))}{" "}
            {said.band(texts.bands[score.faixa], ...bandLimits(score.faixa))}
          </p>
          {score.probabilidade_inadimplencia !== null && (
            <p>
              {said.meaning(
                ofAHundred(score.probabilidade_inadimplencia),
                format.percent(score.probabilidade_inadimplencia),
                score.horizonte_meses,
              )}
            </p>
          )}
          <Reasons reasons={score.motivos} own={own} />
        </>
      )}
      {score.valido_ate < todayInSaoPaulo(new Date()) && (
        <p className="wrong">{said.outdated(format.day(score.valido_ate))}</p>
      )}
      <p className="aside">
        {said.cpf(score.cpf_mascarado)}. {said.asOf(format.day(score.data_referencia))}{" "}
        {said.valid(format.instant(score.calculado_em), format.day(score.valido_ate))}{" "}
        {said.model(score.modelo.nome, score.modelo.versao)}
      </p>
    </>
  );
}

/** The scale as a picture; the sentence below it says the same. */
function Scale({ value, score }: { value: number; score: Score }) {
  const { texts, format } = useSaid();
  const { min, max } = score.escala;
  const place = partOfScale(value, min, max);
  return (
    <div className="scale" aria-hidden="true">
      <span className="scale-value" style={{ left: `${place}%` }}>
        {format.number(value)}
      </span>
      <div className="scale-bar">
        {BANDS.map((band) => (
          <span key={band.name} className={`band band-${band.name}`} style={{ flexGrow: band.to - band.from }} />
        ))}
        <span className="scale-mark" style={{ left: `${place}%` }} />
      </div>
      <div className="scale-ends">
        <span>{format.number(min)}</span>
        <span>{format.number(max)}</span>
      </div>
      <div className="scale-names">
        {BANDS.map((band) => (
          <span
            key={band.name}
            className={band.name === score.faixa ? "name" : undefined}
            style={{ flexGrow: band.to - band.from }}
          >
            {texts.bands[band.name]}
          </span>
        ))}
      </div>
    </div>
  );
}

function Reasons({ reasons, own }: { reasons: Reason[]; own: boolean }) {
  const { texts } = useSaid();
  if (reasons.length === 0) {
    return <p>{texts.score.noReasons}</p>;
  }
  return (
    <>
      <ReasonList title={texts.score.raised} reasons={reasons.filter((reason) => reason.direcao === "aumenta")} />
      <ReasonList title={texts.score.lowered} reasons={reasons.filter((reason) => reason.direcao === "reduz")} />
      <p className="aside">{texts.score.reasonsNote(own)}</p>
    </>
  );
}

function ReasonList({ title, reasons }: { title: string; reasons: Reason[] }) {
  const { texts, format } = useSaid();
  if (reasons.length === 0) {
    return null;
  }
  return (
    <section>
      <h3>{title}</h3>
      <ul className="cards">
        {reasons.map((reason) => (
          <li key={reason.codigo} className={`reason reason-${reason.direcao}`}>
            <Sentence>{reason.texto}</Sentence>
            <strong>{texts.score.points(format.signed(reason.pontos))}</strong>
          </li>
        ))}
      </ul>
    </section>
  );
}
