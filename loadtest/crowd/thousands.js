/** k6 has no Intl: thousands are set apart by hand. @param {number} value */
export function thousands(value) {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ".");
}
