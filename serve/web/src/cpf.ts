/** CPFs as people write them. */

/** Returns the eleven digits of a CPF whose check digits hold; null for anything else. */
export function readCpf(text: string): string | null {
  const digits = text.replace(/[.\-\s]/g, "");
  if (!/^\d{11}$/.test(digits) || /^(\d)\1{10}$/.test(digits)) {
    return null;
  }
  return checkDigit(digits, 9) === digits[9] && checkDigit(digits, 10) === digits[10] ? digits : null;
}

/** Returns whether a text is meant as a CPF rather than a name: it has digits, and no letter. */
export function isLikeCpf(text: string): boolean {
  return /\d/.test(text) && !/\p{L}/u.test(text);
}

/** Returns a CPF with all but its six middle digits hidden, as the API shows it beside a score. */
export function maskCpf(cpf: string): string {
  return `***.${cpf.slice(3, 6)}.${cpf.slice(6, 9)}-**`;
}

function checkDigit(digits: string, length: number): string {
  let sum = 0;
  for (let place = 0; place < length; place += 1) {
    sum += Number(digits[place]) * (length + 1 - place);
  }
  const rest = (sum * 10) % 11;
  return String(rest === 10 ? 0 : rest);
}
