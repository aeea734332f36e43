/** Requests that a person review the score: those made, and the form of a new one. */

import { Dialog } from "@base-ui/react/dialog";
import { type FormEvent, useCallback, useId, useState } from "react";
import type { Api } from "../api/client";
import { REVIEW_REASONS, type Review, type ReviewReason } from "../api/payloads";
import { Problem } from "../api/problem";
import type { Reads } from "../api/reads";
import { useSaid } from "../text/language";
import { Failure } from "./failure";
import { Showing, useLoaded } from "./loaded";

export function ReviewsPanel({ api, id, reads }: { api: Api; id: string; reads: Reads }) {
  const { texts } = useSaid();
  const read = useCallback(() => reads.get("reviews", (signal) => api.reviews(id, signal)), [api, id, reads]);
  const loaded = useLoaded(read);
  const [isSent, setSent] = useState(false);
  const onSent = () => {
    setSent(true);
    reads.forget("reviews");
    loaded.reload();
  };
  return (
    <>
      <p>{texts.reviews.about}</p>
      <output className="done">{isSent && texts.reviews.sent}</output>
      <Showing loaded={loaded}>
        {({ results }) => (
          <>
            {results.some((review) => review.situacao === "aberta") ? (
              <p>{texts.reviews.alreadyOpen}</p>
            ) : (
              <AskDialog onAsk={(reason) => api.askReview(id, reason)} onSent={onSent} />
            )}
            <ReviewList reviews={results} />
          </>
        )}
      </Showing>
    </>
  );
}

function ReviewList({ reviews }: { reviews: Review[] }) {
  const { texts, format } = useSaid();
  const said = texts.reviews;
  if (reviews.length === 0) {
    return <p>{said.none}</p>;
  }
  const outcome = (review: Review) => {
    if (review.concluida_em === null) {
      return said.open;
    }
    const say = review.resultado === "corrigido" ? said.corrected : said.kept;
    return say(format.instant(review.concluida_em));
  };
  return (
    <section>
      <h3>{said.list}</h3>
      <ul className="cards">
        {reviews.map((review) => (
          <li key={review.id}>
            <span>
              <span className="name">{said.reasons[review.motivo]}</span>
              <br />
              {said.askedOn(format.instant(review.pedida_em))}
            </span>
            <strong>{outcome(review)}</strong>
          </li>
        ))}
      </ul>
    </section>
  );
}

function AskDialog({ onAsk, onSent }: { onAsk: (reason: ReviewReason) => Promise<Review>; onSent: () => void }) {
  const { texts } = useSaid();
  const said = texts.reviews;
  const [isOpen, setOpen] = useState(false);
  return (
    <Dialog.Root open={isOpen} onOpenChange={setOpen}>
      <Dialog.Trigger className="primary">{said.ask}</Dialog.Trigger>
      <Dialog.Portal>
        <Dialog.Backdrop className="backdrop" />
        <Dialog.Popup className="dialog">
          <Dialog.Title>{said.heading}</Dialog.Title>
          <AskForm
            onAsk={onAsk}
            onSent={() => {
              setOpen(false);
              onSent();
            }}
          />
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function AskForm({ onAsk, onSent }: { onAsk: (reason: ReviewReason) => Promise<Review>; onSent: () => void }) {
  const { texts } = useSaid();
  const said = texts.reviews;
  const hint = useId();
  const [reason, setReason] = useState<ReviewReason | null>(null);
  const [isMissing, setMissing] = useState(false);
  const [isSending, setSending] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setMissing(reason === null);
    if (reason === null || isSending) {
      return;
    }
    setSending(true);
    setProblem(null);
    try {
      await onAsk(reason);
      onSent();
    } catch (error) {
      setProblem(error instanceof Problem ? error : new Problem("fault"));
      setSending(false);
    }
  };
  return (
    <form onSubmit={submit} noValidate>
      <fieldset aria-describedby={isMissing ? hint : undefined}>
        <legend>{said.why}</legend>
        {REVIEW_REASONS.map((one) => (
          <label key={one} className="choice">
            <input type="radio" name="motivo" value={one} checked={reason === one} onChange={() => setReason(one)} />
            {said.reasons[one]}
          </label>
        ))}
      </fieldset>
      {isMissing && (
        <p id={hint} role="alert" className="wrong">
          {said.choose}
        </p>
      )}
      {problem !== null && <Failure problem={problem} />}
      <div className="actions">
        <button type="submit" className="primary">
          {isSending ? said.sending : said.send}
        </button>
        <Dialog.Close>{said.cancel}</Dialog.Close>
      </div>
    </form>
  );
}
