/** Something that is read from the API: while it comes, when it is there, and when it did not come. */

import { type ReactNode, useCallback, useEffect, useState } from "react";
import { Problem } from "../api/problem";
import { useSaid } from "../text/language";
import { Failure } from "./failure";

type State<T> = { kind: "loading" } | { kind: "ready"; value: T } | { kind: "failed"; problem: Problem };

export interface Loaded<T> {
  state: State<T>;
  reload(): void;
}

/** Reads when first shown and when `read` changes, which has to be the same function as long as it reads the same. */
export function useLoaded<T>(read: () => Promise<T>): Loaded<T> {
  const [state, setState] = useState<State<T>>({ kind: "loading" });
  const [attempt, setAttempt] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another attempt reads anew
  useEffect(() => {
    let isWanted = true;
    setState({ kind: "loading" });
    read().then(
      (value) => isWanted && setState({ kind: "ready", value }),
      (error: unknown) => {
        const isAborted = error instanceof DOMException && error.name === "AbortError";
        if (isWanted && !isAborted) {
          setState({ kind: "failed", problem: error instanceof Problem ? error : new Problem("fault") });
        }
      },
    );
    return () => {
      isWanted = false;
    };
  }, [read, attempt]);
  const reload = useCallback(() => setAttempt((number) => number + 1), []);
  return { state, reload };
}

/** Shows what was read by `children`, or how far it has come; `missing` is said where there is none. */
export function Showing<T>(props: { loaded: Loaded<T>; missing?: string; children: (value: T) => ReactNode }) {
  const { texts } = useSaid();
  const { state, reload } = props.loaded;
  if (state.kind === "loading") {
    return <output className="loading">{texts.loading}</output>;
  }
  if (state.kind === "failed") {
    return state.problem.kind === "missing" && props.missing !== undefined ? (
      <p>{props.missing}</p>
    ) : (
      <Failure problem={state.problem} onRetry={reload} />
    );
  }
  return props.children(state.value);
}
