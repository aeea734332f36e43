/** What went wrong with a request, as the page tells it: the status chooses the sentence, the API's own words add to it. */

export type ProblemKind =
  | "offline"
  | "unauthorized"
  | "forbidden"
  | "missing"
  | "invalid"
  | "tooMany"
  | "unavailable"
  | "fault";

export class Problem extends Error {
  override readonly name = "Problem";

  constructor(
    readonly kind: ProblemKind,
    /** The API's sentence, in Portuguese. */
    readonly detail: string | null = null,
    /** What to quote when asking for help: the request's identifier. */
    readonly requestId: string | null = null,
    /** Seconds until trying again makes sense. */
    readonly retryAfter: number | null = null,
  ) {
    super(kind);
  }
}

const KINDS: Record<number, ProblemKind> = {
  400: "invalid",
  401: "unauthorized",
  403: "forbidden",
  404: "missing",
  413: "invalid",
  422: "invalid",
  429: "tooMany",
  503: "unavailable",
};

/** Returns the problem of an answer that is none of success; its body need not be a Problem Details document. */
export async function problemOf(answer: Response): Promise<Problem> {
  const body = await readObject(answer);
  const instance = typeof body.instance === "string" ? body.instance.replace("urn:uuid:", "") : null;
  const detail = typeof body.detail === "string" ? body.detail : null;
  return new Problem(KINDS[answer.status] ?? "fault", detail, instance, secondsOf(answer.headers.get("retry-after")));
}

async function readObject(answer: Response): Promise<Record<string, unknown>> {
  if (!(answer.headers.get("content-type") ?? "").startsWith("application/problem+json")) {
    return {};
  }
  try {
    const body: unknown = await answer.json();
    return typeof body === "object" && body !== null ? (body as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function secondsOf(text: string | null): number | null {
  return text !== null && /^\d{1,6}$/.test(text) ? Number(text) : null;
}
