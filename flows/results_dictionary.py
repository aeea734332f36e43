"""The tables of the results in words, for the reference page; what they are the migrations say."""

RESULTS = {
    "execucao": (
        "One row a run, kept for good. At most one is `publicada`: the run in force.",
        {
            "id": "UUIDv7: later runs sort after earlier ones",
            "data_referencia": "the date that the run speaks for",
            "modelo_versao": "version of the model, a folder below `models/` in the lake",
            "situacao": "`em_andamento`, `publicada`, `falhou` or `substituida`",
            "extraidos": "consumers known at the reference date; equals the sum of the next three",
            "pontuados": "consumers with a score",
            "insuficientes": "consumers of whom nothing that counts is known: no score",
            "rejeitados": "consumers refused",
            "contagens": "of each table: its `base`, `lidos`, `usados`, and `ignorados` and `rejeitados` by rule",
            "impressao": "SHA-256 over all scores, bands, statuses and reasons: equal content, equal value",
            "motivo_falha": "why it failed; `revertida` if a rollback took it out of force",
            "retomavel": "whether a run that did not end may be gone on with",
            "iniciada_em": "start",
            "terminada_em": "when its scores were calculated, or when it failed",
            "publicada_em": "when it first came into force",
        },
    ),
    "score": (
        "One row a consumer a published run, partitioned by run. The scores of runs beyond "
        "`SCORE_RETENTION_RUNS` are dropped, but for the last run of each month of reference dates.",
        {
            "execucao_id": "the run",
            "cliente_id": "`cliente.id` of Base A",
            "cpf": "eleven digits",
            "score": "0 to 1000; null without data",
            "probabilidade": "probability of default within the model's horizon; null without data",
            "faixa": "band: `baixo`, `regular`, `bom`, `muito_bom`; null without data",
            "status": "`OK` or `DADOS_INSUFICIENTES`",
            "motivos": "up to four reasons, strongest first: `codigo` and `pontos`",
            "data_referencia": "as in `execucao`",
            "modelo_versao": "as in `execucao`",
        },
    ),
    "rejeitado": (
        "Every record that a run refused, written when the run is published; never the person's data.",
        {
            "execucao_id": "the run",
            "base": "`A`, `B` or `C`",
            "tabela": "table or collection",
            "chave": "the record's key; of a document its `_id`, hashed unless it is an ObjectId",
            "regra": "the [rule](rules.md) that it broke first",
        },
    ),
    "auditoria": (
        "Every read of a person's data through the API, by `escore replay`, `escore audit list` or `escore reviews`, "
        "one row a person. The engine adds to it and cannot alter it.",
        {
            "id": "order of entry",
            "momento": "when: of the read itself, not of its entry here",
            "consulente": "who, as the token names them; `titular` for a person's own token; of a command, the user of "
            "the operating system",
            "sujeito": "of whom: the key's id and a keyed hash of the CPF or id",
            "recurso": "the route's template, without values; of a command, `replay`, `audit list`, `reviews list` or "
            "`reviews close`",
            "finalidade": "for what purpose",
            "resultado": "HTTP status of the answer; of a command 200, or 404 if there is no such consumer",
            "requisicao_id": "the answer's `X-Request-ID`; of a replay, the run",
            "titular": "whether the person read their own data",
        },
    ),
    "auditoria_diario": (
        "How far each segment of the API's [journals](../explanation/audit.md) is in `auditoria`. A row stays after "
        "its segment is gone, so that a copy of the file adds nothing.",
        {
            "id": "the segment's identity, UUIDv7",
            "iniciado_em": "when it was begun",
            "bytes": "up to which byte its records are in `auditoria`",
            "registros": "how many reads these are; a read of several persons is one",
            "danificados": "bytes that were no whole record and were left out",
            "atualizado_em": "when it last moved on",
        },
    ),
    "apagamento": (
        "Every person who was [erased](../how-to/erase-a-person.md), by keyed hashes alone: whatever the stores still "
        "hold of them is not taken over.",
        {
            "titular": "keyed hash of the person's `cliente.id`",
            "cpfs": "keyed hashes of every CPF under which the person was known",
            "cpfs_selados": "while it is under way, the CPFs under a pad; null once it is done",
            "pedido_em": "when it was first asked for",
            "concluido_em": "when nothing of the person was found any more; null while it is under way",
            "contagens": "what was removed, by place",
            "readmitidos": "the hashes among these that are kept out no longer: the person was taken in again",
            "readmitido_em": "when that was last done",
        },
    ),
    "pedido_apagamento": (
        "Requests of erasure that were [entered to be worked on later](../how-to/erase-a-person.md#in-its-turn).",
        {
            "id": "the request's, UUIDv7",
            "titular": "keyed hash of the person's `cliente.id`; one request a person waits at a time",
            "cliente_selado": "the `cliente.id`, encrypted, while the request waits; null once it is done",
            "situacao": "`pendente`, `concluido`, or `desconhecido`: nothing was known of such a consumer",
            "pedido_em": "when it was asked for",
            "tentativas": "how often it was worked on",
            "tentado_em": "when last",
            "motivo": "the class of the error that stopped the last try, if one did",
            "concluido_em": "when it ended",
            "prova": "what was removed, by place, and that a search afterwards found nothing",
        },
    ),
    "revisao": (
        "Every request that a published score be [reviewed by a person](../how-to/review-a-score.md). At most one of a "
        "consumer is open; an erasure takes them all.",
        {
            "id": "UUIDv7: later requests sort after earlier ones",
            "cliente_id": "`cliente.id` of Base A",
            "execucao_id": "the run that was in force when it was asked for",
            "motivo": "`divida_paga`, `divida_desconhecida`, `renda_desatualizada`, `bens_desatualizados`, "
            "`eventos_desconhecidos`, `cadastro_desatualizado` or `discordancia`",
            "situacao": "`aberta` or `concluida`",
            "resultado": "`mantido`: the score stood; `corrigido`: records were put right; null while it is open",
            "pedida_em": "when it was asked for",
            "concluida_em": "when it was concluded",
        },
    ),
    "modelo": (
        "Every model that a run was published with, as the API needs it.",
        {
            "versao": "version",
            "nome": "name",
            "horizonte_meses": "months that the probability speaks of",
            "textos": "two texts for each reason code: `aumenta` and `reduz`",
            "sha256": "SHA-256 of the scorecard's file",
            "registrado_em": "when it was first published with",
            "descricao": "the public description, Markdown made from the model",
        },
    ),
}
"""What each table of the results holds and each of its columns means; types and nulls come from the migrations."""
