// Numbers as Python prints them.

/** As f"{x:.{digits}f}": the nearest decimal number; of two that are as near, the one that ends even. */
function fixed(x, digits) {
  if (!Number.isFinite(x)) return unfinite(x);
  const exact = Math.abs(x).toFixed(100), end = exact.indexOf(".") + 1 + digits;
  if (!/^50*$/.test(exact.slice(end))) return x.toFixed(digits);
  const below = BigInt(exact.slice(0, end).replace(".", ""));
  const rounded = String(below + (below % 2n)).padStart(digits + 1, "0"), point = rounded.length - digits;
  return (x < 0 ? "-" : "") + rounded.slice(0, point) + (digits ? `.${rounded.slice(point)}` : "");
}

function unfinite(x) {
  return Number.isNaN(x) ? "nan" : x > 0 ? "∞" : "−∞";
}

/** A whole number as f"{n:,}". */
function count(n) {
  return n == null ? "–" : String(n).replace(/\B(?=(\d{3})+(?!\d))/g, ",");
}

/** As f"{x:.{digits}%}". */
function percent(x, digits = 1) {
  return x == null ? "–" : `${fixed(x * 100, digits)}%`;
}

/** An accuracy in percent, rounded where the tables of a run round it: to four decimals. */
function accuracyShown(x) {
  return x == null ? "–" : percent(Number(fixed(x, 4)), 2);
}

/** A number of any size in few letters: three significant digits by default. */
function short(x, digits = 3) {
  if (x == null) return "–";
  if (!Number.isFinite(x)) return unfinite(x);
  if (x === 0) return "0";
  const size = Math.floor(Math.log10(Math.abs(x)));
  if (size >= 7 || size < -4) return tidy(x.toExponential(digits - 1));
  return size >= digits - 1 ? count(fixed(x, 0)) : tidy(fixed(x, digits - 1 - size));
}

/** Without zeros that say nothing: 0.500 → 0.5, 1.0e+7 → 1e7. */
function tidy(text) {
  const [digits, exponent] = text.split("e");
  const short = digits.includes(".") ? digits.replace(/\.?0+$/, "") : digits;
  return exponent === undefined ? short : `${short}e${Number(exponent)}`;
}

/** A time as minutes and seconds: 1:05, or hours too. */
function clock(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  const two = n => String(n).padStart(2, "0");
  return `${hours ? `${hours}:${two(minutes)}` : minutes}:${two(whole % 60)}`;
}
