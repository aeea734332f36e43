/**
 * The sentences of the reasons in English, by what the API says in Portuguese: a sentence that is not here, of an older
 * model for instance, is shown as it is said.
 */
export const REASONS: Readonly<Record<string, string>> = {
  "Você tem poucas dívidas em aberto, ou nenhuma.": "You have few open debts, or none.",
  "Você tem várias dívidas em aberto ao mesmo tempo.": "You have several open debts at the same time.",
  "O total das suas dívidas em aberto é baixo.": "Your open debts are small in all.",
  "O total das suas dívidas em aberto é alto.": "Your open debts are large in all.",
  "Você não tem dívidas vencidas, ou tem poucas.": "You have no overdue debts, or few.",
  "Há dívidas vencidas ainda não pagas em seu nome.": "There are overdue debts in your name that are not paid yet.",
  "O valor das suas dívidas vencidas é nulo ou baixo.": "You owe little or nothing that is overdue.",
  "O valor das suas dívidas vencidas e não pagas é alto.": "You owe much that is overdue and not paid.",
  "A maior parte do que você deve ainda está dentro do prazo.": "Most of what you owe is not yet due.",
  "Boa parte do valor que você deve já passou do vencimento.": "A good part of what you owe is past its due date.",
  "Nenhuma dívida em aberto está atrasada há muito tempo.": "No open debt has been overdue for long.",
  "Há dívida em aberto atrasada há muitos dias.": "An open debt has been overdue for many days.",
  "As dívidas vencidas em seu nome têm, em média, atraso curto.":
    "The overdue debts in your name are, on average, not long overdue.",
  "As dívidas vencidas em seu nome têm, em média, atraso longo.":
    "The overdue debts in your name are, on average, long overdue.",
  "Nenhuma ou quase nenhuma dívida sua está vencida há mais de 90 dias.":
    "None or almost none of your debts is more than 90 days overdue.",
  "Há dívidas vencidas há mais de 90 dias e não pagas.": "There are unpaid debts more than 90 days overdue.",
  "Você deve a poucas empresas, ou a nenhuma.": "You owe to few companies, or to none.",
  "Você deve a várias empresas diferentes.": "You owe to several different companies.",
  "O valor que vence nos próximos três meses favorece a sua avaliação.":
    "What falls due in the next three months speaks for you.",
  "O valor que vence nos próximos três meses pesa na sua avaliação.":
    "What falls due in the next three months speaks against you.",
  "Poucas dívidas novas foram registradas nos últimos três meses.":
    "Few new debts were registered in the last three months.",
  "Várias dívidas novas foram registradas nos últimos três meses.":
    "Several new debts were registered in the last three months.",
  "Poucas dívidas novas foram registradas no último ano.": "Few new debts were registered in the last year.",
  "Muitas dívidas novas foram registradas no último ano.": "Many new debts were registered in the last year.",
  "O ritmo de novas dívidas parou de crescer ou diminuiu.":
    "New debts have stopped coming faster, or come more slowly.",
  "Você passou a ter dívidas novas com mais frequência que antes.": "You take on new debts more often than before.",
  "Faz tempo que nenhuma dívida nova é registrada em seu nome.":
    "It is long since a new debt was registered in your name.",
  "Uma dívida nova foi registrada há pouco tempo.": "A new debt was registered not long ago.",
  "No último ano você quase não pagou dívidas com atraso.": "In the last year you paid hardly any debt late.",
  "No último ano você pagou dívidas depois do vencimento.": "In the last year you paid debts after their due date.",
  "Você costuma pagar suas dívidas até o vencimento.": "You usually pay your debts by their due date.",
  "Poucas de suas dívidas foram pagas até o vencimento.": "Few of your debts were paid by their due date.",
  "Seu histórico conhecido não mostra atrasos longos.": "What is known of your past shows no long delays.",
  "Seu histórico mostra dívida que ficou muitos dias em atraso.": "Your past shows a debt that was many days overdue.",
  "Quase nenhuma dívida sua passou de 90 dias de atraso.": "Hardly any debt of yours was ever over 90 days overdue.",
  "Dívidas suas já passaram de 90 dias de atraso.": "Debts of yours have been over 90 days overdue.",
  "Suas dívidas em aberto são pequenas diante da sua renda mensal.":
    "Your open debts are small beside your monthly income.",
  "Suas dívidas em aberto são grandes diante da sua renda mensal.":
    "Your open debts are large beside your monthly income.",
  "O que você deve em atraso é pouco diante da sua renda mensal, ou nada.":
    "What you owe that is overdue is little beside your monthly income, or nothing.",
  "O que você deve em atraso é muito diante da sua renda mensal.":
    "What you owe that is overdue is much beside your monthly income.",
  "A renda mensal informada em seu nome é boa.": "The monthly income stated in your name is good.",
  "A renda mensal conhecida em seu nome é baixa ou não foi informada.":
    "The monthly income known in your name is low, or was not stated.",
  "Você tem mais de uma fonte de renda ativa, ou ao menos uma bem registrada.":
    "You have more than one current source of income, or at least one that is well registered.",
  "Poucas ou nenhuma fonte de renda ativa é conhecida em seu nome.":
    "Few current sources of income are known in your name, or none.",
  "Você mantém a mesma fonte de renda há bastante tempo.": "You have had the same source of income for long.",
  "Sua fonte de renda foi registrada há pouco tempo ou não é conhecida.":
    "Your source of income was registered not long ago, or is not known.",
  "Nenhuma ou quase nenhuma fonte de renda sua acabou no último ano.":
    "None or almost none of your sources of income ended in the last year.",
  "Uma fonte de renda sua acabou no último ano.": "A source of income of yours ended in the last year.",
  "Sua renda mensal se manteve ou cresceu em relação a um ano atrás.":
    "Your monthly income is what it was a year ago, or higher.",
  "Sua renda mensal diminuiu em relação a um ano atrás.": "Your monthly income is lower than a year ago.",
  "As rendas eventuais do último ano favorecem a sua avaliação.":
    "The occasional income of the last year speaks for you.",
  "As rendas eventuais do último ano, ou a falta delas, pesam na sua avaliação.":
    "The occasional income of the last year, or the lack of it, speaks against you.",
  "Há bens registrados em seu nome.": "There are assets registered in your name.",
  "Poucos ou nenhum bem é conhecido em seu nome.": "Few assets are known in your name, or none.",
  "O valor dos bens em seu nome é alto.": "The assets in your name are worth much.",
  "O valor dos bens conhecidos em seu nome é baixo ou nulo.":
    "The assets known in your name are worth little or nothing.",
  "Você tem bens de tipos variados.": "You have assets of various kinds.",
  "Há pouca variedade de bens conhecidos em seu nome, ou nenhum.":
    "The assets known in your name are of few kinds, or there are none.",
  "Você não se desfez de bens no último ano, ou de quase nenhum.":
    "You parted with no assets in the last year, or hardly any.",
  "Você vendeu ou transferiu bens no último ano.": "You sold or transferred assets in the last year.",
  "Seus bens valem bem mais que suas dívidas em aberto.": "Your assets are worth far more than your open debts.",
  "Seus bens conhecidos cobrem pouco do que você deve.": "Your known assets cover little of what you owe.",
  "Sua conta teve bastante movimento ao longo do ano.": "Your account was much used over the year.",
  "Sua conta teve pouco movimento ao longo do ano, ou nenhum conhecido.":
    "Your account was little used over the year, or no use of it is known.",
  "Entrou um bom valor na sua conta nos últimos três meses.":
    "A good amount came into your account in the last three months.",
  "Entrou pouco dinheiro na sua conta nos últimos três meses.":
    "Little money came into your account in the last three months.",
  "O total que entrou na sua conta no último ano é alto.": "Much came into your account in the last year.",
  "O total que entrou na sua conta no último ano é baixo.": "Little came into your account in the last year.",
  "No último mês você gastou menos do que recebeu.": "In the last month you spent less than you received.",
  "No último mês suas saídas foram altas diante das entradas.": "In the last month much went out beside what came in.",
  "Nos últimos três meses você gastou menos do que recebeu.":
    "In the last three months you spent less than you received.",
  "Nos últimos três meses suas saídas foram altas diante das entradas.":
    "In the last three months much went out beside what came in.",
  "No último ano você gastou menos do que recebeu.": "In the last year you spent less than you received.",
  "No último ano suas saídas foram altas diante das entradas.": "In the last year much went out beside what came in.",
  "Suas entradas de dinheiro se mantiveram ou cresceram nos últimos três meses.":
    "What comes into your account stayed the same or grew in the last three months.",
  "Suas entradas de dinheiro diminuíram nos últimos três meses.":
    "What comes into your account shrank in the last three months.",
  "Seus gastos se mantiveram ou diminuíram nos últimos três meses.":
    "Your spending stayed the same or shrank in the last three months.",
  "Seus gastos cresceram nos últimos três meses.": "Your spending grew in the last three months.",
  "O valor que entra na sua conta varia pouco de um mês para outro.":
    "What comes into your account varies little from one month to the next.",
  "O valor que entra na sua conta varia muito de um mês para outro.":
    "What comes into your account varies much from one month to the next.",
  "Você recebe dinheiro com regularidade, mês a mês.": "You receive money regularly, month after month.",
  "Em vários meses entrou bem menos dinheiro que o seu normal.":
    "In several months far less money came in than is usual for you.",
  "Em quase todos os meses entrou mais dinheiro do que saiu.":
    "In almost every month more money came in than went out.",
  "Em vários meses saiu mais dinheiro do que entrou.": "In several months more money went out than came in.",
  "Sua conta foi usada há pouco tempo.": "Your account was used not long ago.",
  "Faz tempo que sua conta não tem movimento.": "Your account has not been used for long.",
  "Entrou dinheiro na sua conta há pouco tempo.": "Money came into your account not long ago.",
  "Faz tempo que não entra dinheiro na sua conta.": "No money has come into your account for long.",
  "O que entra na sua conta confirma a renda informada.": "What comes into your account bears out the stated income.",
  "Entra na sua conta menos do que a renda informada.": "Less comes into your account than the stated income.",
  "Quase nenhuma empresa consultou seu cadastro no último mês.":
    "Hardly any company consulted your register in the last month.",
  "Seu cadastro foi consultado várias vezes no último mês.":
    "Your register was consulted several times in the last month.",
  "Seu cadastro foi pouco consultado nos últimos três meses.":
    "Your register was little consulted in the last three months.",
  "Seu cadastro foi consultado várias vezes nos últimos três meses.":
    "Your register was consulted several times in the last three months.",
  "Seu cadastro foi pouco consultado nos últimos seis meses.":
    "Your register was little consulted in the last six months.",
  "Seu cadastro foi muito consultado nos últimos seis meses.":
    "Your register was much consulted in the last six months.",
  "Seu cadastro foi pouco consultado no último ano.": "Your register was little consulted in the last year.",
  "Seu cadastro foi muito consultado no último ano.": "Your register was much consulted in the last year.",
  "Poucas empresas diferentes consultaram seu cadastro nos últimos três meses.":
    "Few different companies consulted your register in the last three months.",
  "Várias empresas diferentes consultaram seu cadastro nos últimos três meses.":
    "Several different companies consulted your register in the last three months.",
  "O número de consultas ao seu cadastro se manteve ou diminuiu.":
    "Your register is consulted as often as before, or less.",
  "O número de consultas ao seu cadastro cresceu nos últimos três meses.":
    "Your register was consulted more often in the last three months.",
  "Faz tempo que nenhuma empresa consulta seu cadastro.": "No company has consulted your register for long.",
  "Uma empresa consultou seu cadastro há pouco tempo.": "A company consulted your register not long ago.",
  "A frequência com que você usou o cartão no último mês favorece a sua avaliação.":
    "How often you used your card in the last month speaks for you.",
  "A frequência com que você usou o cartão no último mês pesa na sua avaliação.":
    "How often you used your card in the last month speaks against you.",
  "A frequência com que você usou o cartão no último ano favorece a sua avaliação.":
    "How often you used your card in the last year speaks for you.",
  "A frequência com que você usou o cartão no último ano pesa na sua avaliação.":
    "How often you used your card in the last year speaks against you.",
  "O valor das suas compras no cartão nos últimos três meses favorece a sua avaliação.":
    "What you spent by card in the last three months speaks for you.",
  "O valor das suas compras no cartão nos últimos três meses pesa na sua avaliação.":
    "What you spent by card in the last three months speaks against you.",
  "O valor médio das suas compras no cartão favorece a sua avaliação.":
    "The average amount of your card purchases speaks for you.",
  "O valor médio das suas compras no cartão pesa na sua avaliação.":
    "The average amount of your card purchases speaks against you.",
  "Você parcelou pouco das compras do último ano.": "You paid few of the last year's purchases in instalments.",
  "Você parcelou boa parte das compras do último ano.":
    "You paid a good part of the last year's purchases in instalments.",
  "Você paga a maior parte das compras na hora, sem usar crédito.":
    "You pay for most purchases at once, without credit.",
  "A maior parte das suas compras no cartão é feita a crédito.": "Most of your card purchases are made on credit.",
  "Suas compras no cartão se mantiveram ou diminuíram nos últimos três meses.":
    "Your card purchases stayed the same or shrank in the last three months.",
  "Suas compras no cartão cresceram nos últimos três meses.": "Your card purchases grew in the last three months.",
  "O tempo desde a sua última compra no cartão favorece a sua avaliação.":
    "The time since your last card purchase speaks for you.",
  "O tempo desde a sua última compra no cartão pesa na sua avaliação.":
    "The time since your last card purchase speaks against you.",
  "A quantidade de cartões que você usa favorece a sua avaliação.": "The number of cards that you use speaks for you.",
  "A quantidade de cartões que você usa pesa na sua avaliação.": "The number of cards that you use speaks against you.",
  "Suas compras no cartão são pequenas diante do que entra na sua conta.":
    "Your card purchases are small beside what comes into your account.",
  "Suas compras no cartão são altas diante do que entra na sua conta.":
    "Your card purchases are large beside what comes into your account.",
  "Sua faixa de idade tem, em geral, menos atrasos de pagamento.": "Your age group pays late less often, in general.",
  "Sua faixa de idade tem, em geral, mais atrasos de pagamento.": "Your age group pays late more often, in general.",
  "Seu estado tem, em geral, menos atrasos de pagamento.": "In your state people pay late less often, in general.",
  "Seu estado tem, em geral, mais atrasos de pagamento.": "In your state people pay late more often, in general.",
};
