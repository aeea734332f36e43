/** How the score is worked out: the public description of the model in force, which takes no token and is not recorded. */

import { useCallback } from "react";
import { readModel } from "../api/client";
import type { ModelInForce } from "../api/payloads";
import { Showing, useLoaded } from "../parts/loaded";
import { PageHeading } from "../parts/page-heading";
import { Written } from "../parts/written";
import { useSaid } from "../text/language";

export function ModelPage({ base }: { base: URL }) {
  const { texts } = useSaid();
  const said = texts.model;
  const read = useCallback(() => readModel(base), [base]);
  const loaded = useLoaded(read);
  return (
    <>
      <p>
        <button type="button" className="link" onClick={goBack}>
          {said.back}
        </button>
      </p>
      <PageHeading title={said.heading}>{said.heading}</PageHeading>
      <Showing loaded={loaded} missing={said.missing}>
        {(model) => <ModelShown model={model} />}
      </Showing>
    </>
  );
}

/** Leads back to where the reader came from, or to the beginning where the page was opened here. */
function goBack(): void {
  if (history.length > 1) {
    history.back();
  } else {
    location.hash = "#/";
  }
}

function ModelShown({ model }: { model: ModelInForce }) {
  const { texts } = useSaid();
  const said = texts.model;
  return (
    <>
      <p className="aside">
        {said.about(model.modelo.nome, model.modelo.versao, model.horizonte_meses)} {said.basis}{" "}
        <span lang="pt-BR">{model.base_legal}</span> {said.language}
      </p>
      <div className="panel" lang="pt-BR">
        <Written markdown={model.descricao} />
      </div>
    </>
  );
}
