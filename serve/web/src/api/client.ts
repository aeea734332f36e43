/** Requests to the API: the token travels in its header alone, and a CPF in a body alone. */

import type {
  AccessPage,
  Consumer,
  ConsumerPage,
  Events,
  FoundScores,
  History,
  ModelInForce,
  Review,
  ReviewReason,
  Score,
  ScoreData,
} from "./payloads";
import { Problem, problemOf } from "./problem";

export interface Criteria {
  nome?: string;
  cpf?: string;
}

export interface Credentials {
  token: string;
  /** Why data are read, where the token does not say; null where it does. */
  purpose: string | null;
}

export class Api {
  constructor(
    private readonly base: URL,
    private readonly credentials: Credentials,
    private readonly onUnauthorized: () => void,
  ) {}

  /** Finds scores by CPF, which stays out of the URL; null if the run in force has none. */
  async scoreByCpf(cpf: string, signal?: AbortSignal): Promise<Score | null> {
    const found = await this.ask<FoundScores>("scores/consultar", { body: { cpfs: [cpf] }, signal });
    return found.resultados[0]?.resultado ?? null;
  }

  search(criteria: Criteria, signal?: AbortSignal): Promise<ConsumerPage> {
    return this.ask("cadastros/consultar", { body: criteria, signal });
  }

  /** Follows `next` or `previous`, whose searches travel sealed. */
  page<T>(link: string, signal?: AbortSignal): Promise<T> {
    return this.ask(link.replace(/^\//, ""), { signal });
  }

  consumer(id: string, signal?: AbortSignal): Promise<Consumer> {
    return this.ask(path(id), { signal });
  }

  score(id: string, signal?: AbortSignal): Promise<Score> {
    return this.ask(path(id, "score"), { signal });
  }

  history(id: string, signal?: AbortSignal): Promise<History> {
    return this.ask(path(id, "score/historico"), { signal });
  }

  scoreData(id: string, signal?: AbortSignal): Promise<ScoreData> {
    return this.ask(path(id, "score-data"), { signal });
  }

  events(id: string, signal?: AbortSignal): Promise<Events> {
    return this.ask(path(id, "eventos"), { signal });
  }

  accesses(id: string, signal?: AbortSignal): Promise<AccessPage> {
    return this.ask(path(id, "acessos"), { signal });
  }

  reviews(id: string, signal?: AbortSignal): Promise<{ results: Review[] }> {
    return this.ask(path(id, "revisoes"), { signal });
  }

  askReview(id: string, motivo: ReviewReason): Promise<Review> {
    return this.ask(path(id, "revisoes"), { body: { motivo } });
  }

  private async ask<T>(place: string, options: { body?: object; signal?: AbortSignal | undefined }): Promise<T> {
    const headers: Record<string, string> = { Authorization: `Bearer ${this.credentials.token}` };
    if (this.credentials.purpose !== null) {
      headers["X-Finalidade"] = latin1(this.credentials.purpose);
    }
    if (options.body !== undefined) {
      headers["Content-Type"] = "application/json";
    }
    try {
      return await send<T>(new URL(place, this.base), {
        method: options.body === undefined ? "GET" : "POST",
        headers,
        body: options.body === undefined ? null : JSON.stringify(options.body),
        signal: options.signal ?? null,
        cache: "no-store",
      });
    } catch (error) {
      if (error instanceof Problem && error.kind === "unauthorized") {
        this.onUnauthorized();
      }
      throw error;
    }
  }
}

/** Reads the description of the model in force, which anybody may. */
export function readModel(base: URL): Promise<ModelInForce> {
  return send(new URL("modelo", base), {});
}

async function send<T>(url: URL, request: RequestInit): Promise<T> {
  const answer = await reach(url, {
    ...request,
    credentials: "omit",
    referrerPolicy: "no-referrer",
    redirect: "error",
  });
  if (!answer.ok) {
    throw await problemOf(answer);
  }
  return (await answer.json()) as T;
}

async function reach(url: URL, request: RequestInit): Promise<Response> {
  try {
    return await fetch(url, request);
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") {
      throw error;
    }
    throw new Problem("offline");
  }
}

function path(id: string, rest = ""): string {
  return `clientes/${encodeURIComponent(id)}${rest === "" ? "" : `/${rest}`}`;
}

/** Returns a header's text: letters beyond Latin-1 lose their marks, for a header cannot carry them. */
function latin1(text: string): string {
  return [...text.normalize("NFC")].map((letter) => (letter <= "ÿ" ? letter : letter.normalize("NFD")[0])).join("");
}
