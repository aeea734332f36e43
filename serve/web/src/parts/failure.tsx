/** A problem in a plain sentence, what the API said of it, and another try where that may help. */

import type { Problem } from "../api/problem";
import { useSaid } from "../text/language";

const WORTH_ANOTHER_TRY = new Set(["offline", "tooMany", "unavailable", "fault"]);

export function Failure({ problem, onRetry }: { problem: Problem; onRetry?: () => void }) {
  const { texts } = useSaid();
  return (
    <div role="alert" className="failure">
      <p>{texts.problems[problem.kind]}</p>
      {problem.retryAfter !== null && <p>{texts.retryIn(problem.retryAfter)}</p>}
      {problem.detail !== null && (
        <p className="aside">
          {texts.apiSaid} <q lang="pt-BR">{problem.detail}</q>
        </p>
      )}
      {problem.kind === "fault" && problem.requestId !== null && (
        <p className="aside">{texts.reference(problem.requestId)}</p>
      )}
      {onRetry !== undefined && WORTH_ANOTHER_TRY.has(problem.kind) && (
        <button type="button" onClick={onRetry}>
          {texts.retry}
        </button>
      )}
    </div>
  );
}
