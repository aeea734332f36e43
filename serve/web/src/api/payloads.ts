/** The API's answers, as `docs/reference/openapi.json` declares them; only what the page reads. */

export type Band = "baixo" | "regular" | "bom" | "muito_bom";

export interface Reason {
  codigo: string;
  texto: string;
  direcao: "aumenta" | "reduz";
  pontos: number;
}

export interface Model {
  nome: string;
  versao: string;
}

export interface ModelInForce {
  modelo: Model;
  horizonte_meses: number;
  base_legal: string;
  /** Markdown, in Portuguese. */
  descricao: string;
}

export interface Scale {
  min: number;
  max: number;
}

export interface Score {
  cliente_id: string;
  cpf_mascarado: string;
  score: number | null;
  escala: Scale;
  faixa: Band | null;
  status: "OK" | "DADOS_INSUFICIENTES";
  probabilidade_inadimplencia: number | null;
  horizonte_meses: number;
  motivos: Reason[];
  modelo: Model;
  data_referencia: string;
  calculado_em: string;
  valido_ate: string;
}

export interface ScoreOfRun {
  execucao_id: string;
  data_referencia: string;
  calculado_em: string;
  score: number | null;
  faixa: Band | null;
  vigente: boolean;
}

export interface History {
  escala: Scale;
  results: ScoreOfRun[];
}

export interface FoundScores {
  resultados: { encontrado: boolean; resultado: Score | null }[];
}

export interface Debt {
  empresa: string;
  valor: number | null;
  vencimento: string;
}

/** `longadouro` is spelt as the source document spells it. */
export interface Address {
  uf: string | null;
  cidade: string | null;
  bairro: string | null;
  longadouro: string | null;
  numero: string | null;
  complemento: string | null;
}

export interface Consumer {
  id: string;
  nome: string;
  cpf: string;
  data_nascimento: string;
  sexo: string | null;
  estado_civil: string | null;
  endereco: Address;
  dividas: Debt[];
}

export interface ConsumerPage {
  count: number;
  next: string | null;
  previous: string | null;
  results: Consumer[];
}

export interface ScoreData {
  fontes_de_renda: { tipo: string; descricao: string; valor: number | null; frequencia: string }[];
  bens: { tipo: string; descricao: string; valor_estimado: number | null }[];
}

export interface Events {
  ultima_consulta: { empresa: string | null; data_consulta: string; tipo_empresa: string | null } | null;
  movimentacao_financeira: {
    tipo_movimentacao: string | null;
    data_movimentacao: string;
    valor: number | null;
    descricao: string | null;
  } | null;
  ultima_compra: {
    data_compra: string;
    valor: number | null;
    bandeira_cartao: string | null;
    produto: string | null;
    tipo: string | null;
  } | null;
}

export interface Access {
  quando: string;
  consulente: string;
  recurso: string;
  finalidade: string | null;
  resultado: number;
  titular: boolean;
}

export interface AccessPage {
  desde: string;
  next: string | null;
  results: Access[];
}

export const REVIEW_REASONS = [
  "divida_paga",
  "divida_desconhecida",
  "renda_desatualizada",
  "bens_desatualizados",
  "eventos_desconhecidos",
  "cadastro_desatualizado",
  "discordancia",
] as const;

export type ReviewReason = (typeof REVIEW_REASONS)[number];

export interface Review {
  id: string;
  motivo: ReviewReason;
  situacao: "aberta" | "concluida";
  resultado: "mantido" | "corrigido" | null;
  pedida_em: string;
  concluida_em: string | null;
}
